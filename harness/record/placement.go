package record

import (
	"fmt"
	"maps"
	"slices"

	"assay/results"
)

// placementsAgree checks which devices hold each layer's weights, and how many bytes of
// them each device. What belongs to no layer is in the bytes alone.
func placementsAgree(p, m *results.Placement) []results.Check {
	if p == nil || m == nil {
		return nil
	}
	layers := differingDevices(devicesOf(p), devicesOf(m))
	bytes := differingBytes(p.WeightBytes, m.WeightBytes)
	return []results.Check{
		{Name: "weights' devices predicted = read", OK: layers == "", Detail: layers},
		{Name: "weights' bytes by device predicted = read", OK: bytes == "", Detail: bytes},
	}
}

// devicesOf are the devices of each layer, sorted.
func devicesOf(p *results.Placement) map[int][]string {
	all := map[int][]string{}
	for _, l := range p.Weights {
		if l.Layer >= 0 {
			all[l.Layer] = slices.Sorted(slices.Values(l.Devices))
		}
	}
	return all
}

func differingDevices(p, m map[int][]string) string {
	all := maps.Clone(p)
	maps.Copy(all, m)
	for _, layer := range slices.Sorted(maps.Keys(all)) {
		if !slices.Equal(p[layer], m[layer]) {
			return fmt.Sprintf("layer %d: its weights are predicted on %v, and lie on %v", layer, p[layer], m[layer])
		}
	}
	return ""
}

func differingBytes(p, m map[string]int64) string {
	all := maps.Clone(p)
	maps.Copy(all, m)
	for _, device := range slices.Sorted(maps.Keys(all)) {
		if p[device] != m[device] {
			return fmt.Sprintf("%s: predicted %d bytes of weights, graphs read %d", device, p[device], m[device])
		}
	}
	return ""
}
