package family

import (
	"slices"

	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/folder"
)

func init() { Register(olmo3, "olmo3") }

// olmo3 is mlx_lm/models/olmo3.py: norms behind attention and feed-forward, and
// rope_scaling on the layers without a window alone.
func olmo3(b *block.Builder) *block.Network {
	d := HeadedDims(b)
	intermediate, window, bias := b.Integer("intermediate_size"), b.Integer("sliding_window"), b.Boolean("attention_bias", false)
	base := b.Float("rope_theta")
	local := block.PlainRope(d.HeadDim, d.HeadDim, base, false)
	global := b.Rope(block.RopeOptions{Dims: d.HeadDim, HeadDim: d.HeadDim, Base: base, Scaling: b.Scaling()})
	types := b.LayerTypes(d.Layers, TypesBy(d.Layers, 4))
	for _, kind := range []string{folder.SlidingAttention, folder.FullAttention} {
		if !slices.Contains(types, kind) {
			b.Note("layer_types has no %s, which mlx-lm's olmo3 needs", kind)
		}
	}
	n := b.Base(d, b.Boolean("tie_word_embeddings", false))
	for i := range d.Layers {
		path, rope := block.LayerPath(i), local
		if types[i] == folder.FullAttention {
			rope = global
		}
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Bias: bias, OutBias: bias, Rope: rope})
		a.NormsAt = block.OverHeads
		a.QNorm = b.Norm(path+".self_attn.q_norm", d.Heads*d.HeadDim, d.Eps)
		a.KNorm = b.Norm(path+".self_attn.k_norm", d.KVHeads*d.HeadDim, d.Eps)
		n.Layers = append(n.Layers, b.PostNorm(path, d, a, b.MLP(path+".mlp", d.Hidden, intermediate, false, block.SwigluGate)))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	n.Sliding(types, window)
	return n
}
