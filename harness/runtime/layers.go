package runtime

import (
	"assay/predict/kv"
	"assay/results"
)

// FlashTurnedOff is the flash attention of a case that left it to the runtime, which
// made its cache for it and found no kernel.
const FlashTurnedOff = "auto, off"

// ExactRules is the name of the rule set that assay stands for.
const ExactRules = "exact"

// KVLayers are the predicted layers in the record's words.
func KVLayers(p kv.Plan) []results.KVLayer {
	out := make([]results.KVLayer, 0, len(p.Layers))
	for _, l := range p.Layers {
		out = append(out, results.KVLayer{Layer: l.Layer, Class: string(l.Class), Cells: l.Cells, KBytes: l.KBytes,
			VBytes: l.VBytes, Device: l.Device})
	}
	return out
}

// The classes that tensors alone can tell apart.
const (
	ClassAttention = "attention"
	ClassRecurrent = "recurrent"
)
