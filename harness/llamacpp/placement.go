package llamacpp

import (
	"maps"
	"slices"

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
