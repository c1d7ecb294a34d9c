package results

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Placement is which device held each layer and what ran where.
type Placement struct {
	// Weights has each layer's devices, by the layer's number: more than one where
	// some of its tensors lie elsewhere.
	Weights []LayerDevices `json:"weights,omitempty"`
	// WeightBytes are the weights that graphs read, by the device that holds them.
	WeightBytes map[string]int64 `json:"weight_bytes,omitempty"`
	// Splits are the parts, of one device each, of a micro-batch's graph and of a
	// token's; one number where they are alike. Two mean that nothing but the
	// look-up of the tokens ran on the CPU.
	Splits []int `json:"splits,omitempty"`
	// FellBack counts the nodes by operation that ran on the CPU beside a device.
	FellBack map[string]int64 `json:"fell_back,omitempty"`
	// Copied is how many different tensors were copied between devices in a step.
	Copied int `json:"copied,omitempty"`
}

// LayerDevices are the devices that hold a layer's weights; layer -1 is what
// belongs to no layer.
type LayerDevices struct {
	Layer   int      `json:"layer"`
	Devices []string `json:"devices"`
}

// String says it in one line: "weights 0-11 CPU, 12-23 Vulkan0; 26 splits; on the
// CPU: 48 MUL_MAT".
func (p *Placement) String() string {
	if p == nil {
		return ""
	}
	var parts []string
	if runs := layerRuns(p.Weights); runs != "" {
		parts = append(parts, "layers "+runs)
	}
	if len(p.Splits) > 0 {
		parts = append(parts, strings.Trim(strings.Join(strings.Fields(fmt.Sprint(p.Splits)), " / "), "[]")+" splits")
	}
	var back []string
	for _, op := range slices.Sorted(maps.Keys(p.FellBack)) {
		back = append(back, fmt.Sprintf("%d %s", p.FellBack[op], op))
	}
	if back != nil {
		parts = append(parts, "on the CPU: "+strings.Join(back, ", "))
	}
	return strings.Join(parts, "; ")
}

// layerRuns joins layers in a row that lie on the same devices.
func layerRuns(layers []LayerDevices) string {
	var runs []string
	layers = slices.DeleteFunc(slices.Clone(layers), func(l LayerDevices) bool { return l.Layer < 0 })
	for i := 0; i < len(layers); {
		first, last := layers[i].Layer, layers[i].Layer
		devices := strings.Join(layers[i].Devices, "+")
		for i++; i < len(layers) && strings.Join(layers[i].Devices, "+") == devices; i++ {
			last = layers[i].Layer
		}
		switch {
		case first == last:
			runs = append(runs, fmt.Sprintf("%d %s", first, devices))
		default:
			runs = append(runs, fmt.Sprintf("%d-%d %s", first, last, devices))
		}
	}
	return strings.Join(runs, ", ")
}
