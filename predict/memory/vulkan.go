package memory

import (
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/graph"
	"assay/predict/kv"
)

// Spread is how a model lies on one device and the host, and what of a case says where
// its graphs run.
type Spread struct {
	Device string
	Layers kv.Spread
	Placed cost.Placed
	// CacheOnHost and KeepsProducts are -nkvo and -nopo; FlashOnHost and PlainOnHost say
	// that the device lacks kernels for attention.
	CacheOnHost, KeepsProducts bool
	FlashOnHost, PlainOnHost   bool
	// Largest is the most bytes of one tensor that the device takes; 0 is any.
	Largest int64
}

// VulkanBuffers are the compute buffers of the device and of the host.
func VulkanBuffers(f arch.Facts, p kv.Params, s Spread) (device, host int64, err error) {
	lies := graph.Lies{
		Weights: map[string]graph.Lying{}, Layer: func(i int) bool { return s.Layers.Layer(i) == s.Device },
		CacheOnHost: s.CacheOnHost, KeepsProducts: s.KeepsProducts, FlashOnHost: s.FlashOnHost, PlainOnHost: s.PlainOnHost, Largest: s.Largest,
	}
	lies.Whole = lies.Layer(0) && lies.Layer(len(f.Layers)+int(f.DraftLayers))
	for _, t := range s.Placed.Tensors {
		name := t.Name
		if t.Head {
			name = graph.TiedHead
		}
		lies.Weights[name] = graph.Lying{OnDevice: t.Device == s.Device, Bytes: t.Bytes}
	}
	return graph.VulkanBytes(f, p, lies)
}
