package family

import (
	"strings"

	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/folder"
)

func init() { Register(exaone4, "exaone4") }

// exaone4 is mlx_lm/models/exaone4.py: norms behind attention and feed-forward. A
// pattern of L and G repeats over the layers: L has a window, G does not turn.
func exaone4(b *block.Builder) *block.Network {
	d := HeadedDims(b)
	intermediate := b.Integer("intermediate_size")
	rope := b.Rope(block.RopeOptions{Dims: d.HeadDim, HeadDim: d.HeadDim, Base: b.Float("rope_theta"), Scaling: b.Scaling()})
	pattern := b.Text("sliding_window_pattern", "")
	if pattern != "" && !(strings.Contains(pattern, "L") && strings.Contains(pattern, "G")) {
		b.Note("sliding_window_pattern %q has no L or no G, which mlx-lm's exaone4 needs", pattern)
		return nil
	}
	n := b.Base(d, b.Boolean("tie_word_embeddings"))
	types := make([]string, d.Layers)
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Norms: b.Norm, Rope: rope})
		types[i] = folder.FullAttention
		switch {
		case pattern == "":
		case pattern[i%len(pattern)] == 'L':
			types[i] = folder.SlidingAttention
		default:
			a.Rope = nil
		}
		n.Layers = append(n.Layers, b.PostNorm(path, d, a, b.MLP(path+".mlp", d.Hidden, intermediate, false, block.SwigluGate)))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	n.ChoosesCaches = true
	if pattern != "" {
		if d.Layers < len(pattern) {
			b.Note("num_hidden_layers %d is less than the pattern %q, which mlx-lm's exaone4 cannot run", d.Layers, pattern)
			return nil
		}
		n.Sliding(types, b.Integer("sliding_window"))
	}
	return n
}
