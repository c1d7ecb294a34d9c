package llamacpp

import (
	"maps"
	"slices"
	"strings"

	"assay/native/llama"
	"assay/predict/arch"
	"assay/predict/kv"
	"assay/results"
)

// placed is what the graphs told of devices, in the record's words; nil where
// the library has one device alone.
func placed(p *llama.Placement, devices int, report llama.Report) *results.Placement {
	if devices < 2 {
		return nil
	}
	out := &results.Placement{Splits: report.Splits, FellBack: p.FellBack(), Copied: len(p.Copied)}
	for _, layer := range slices.Sorted(maps.Keys(p.Weights)) {
		out.Weights = append(out.Weights, results.LayerDevices{Layer: layer, Devices: p.Weights[layer]})
	}
	return out
}

// hostDevice is what the library calls the processor and its memory.
const hostDevice = "CPU"

// place says which device will hold each layer's cache, where the library's
// devices are known and it has no choice among several.
func place(p *kv.Plan, f arch.Facts, c results.Case, lib results.Runtime) {
	switch {
	case len(lib.Devices) == 0:
		return
	case len(lib.GPUs()) == 0 || c.NoKVOffload:
		p.Place(0, hostDevice, hostDevice)
	case len(lib.GPUs()) == 1:
		p.Place(kv.FirstOnGPU(f, c.NGPULayers), lib.GPUs()[0].Name, hostDevice)
	}
}

// byDevice are the library's buffers by the device that they lie on; nil where it
// has one device alone.
func byDevice(devices []llama.Device, reports ...llama.Report) map[string]*results.Memory {
	if len(devices) < 2 {
		return nil
	}
	sums := map[string]*results.Memory{}
	for _, report := range reports {
		for _, b := range report.Buffers {
			on := bufferDevice(devices, b.Device)
			if sums[on] == nil {
				sums[on] = &results.Memory{}
			}
			if part := partOf(sums[on], b); part != nil {
				if *part == nil {
					*part = new(int64)
				}
				**part += b.Bytes
			}
		}
	}
	return sums
}

// partOf is where a buffer is counted.
func partOf(m *results.Memory, b llama.BufferReport) **int64 {
	switch b.Kind {
	case "model":
		if b.Repacked() {
			return &m.RepackBytes
		}
		return &m.WeightBytes
	case "KV", "RS":
		return &m.KVBytes
	case "compute":
		return &m.ComputeBytes
	case "output":
		return &m.OutputBytes
	}
	return nil
}

// bufferDevice is the device whose buffer that is: they are called after it with
// what they are behind it ("MTL0_Mapped", "MTL0_Private"), pinned memory of the host
// after the backend ("Vulkan_Host"), and repacked weights after the CPU.
func bufferDevice(devices []llama.Device, buffer string) string {
	for _, d := range devices {
		rest, ok := strings.CutPrefix(buffer, d.Name)
		if ok && (rest == "" || rest[0] == '_') {
			return d.Name
		}
	}
	return hostDevice
}
