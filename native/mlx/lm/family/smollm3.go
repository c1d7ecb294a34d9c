package family

import "assay/native/mlx/lm/block"

func init() { Register(smollm3, "smollm3") }

// smollm3 is mlx_lm/models/smollm3.py: llama, some of whose layers do not turn.
// It has no make_cache, so caches are plain whatever layer_types says.
func smollm3(b *block.Builder) *block.Network {
	n := llama(b)
	interval := b.Integer("no_rope_layer_interval", 4)
	turns := b.Floats("no_rope_layers")
	if turns != nil && len(turns) != len(n.Layers) {
		b.Note("no_rope_layers has %d entries for %d layers", len(turns), len(n.Layers))
		return n
	}
	for i, layer := range n.Layers {
		turned := (i+1)%interval != 0
		if turns != nil {
			turned = turns[i] != 0
		}
		if !turned {
			layer.(*block.PreNorm).Mixer.(*block.Attention).Rope = nil
		}
	}
	for i := range n.Caches {
		n.Caches[i].Window = 0
	}
	n.ChoosesCaches = false
	return n
}
