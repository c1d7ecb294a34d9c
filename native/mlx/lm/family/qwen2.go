package family

import "assay/native/mlx/lm/block"

func init() { Register(qwen2, "qwen2") }

// qwen2 is mlx_lm/models/qwen2.py.
func qwen2(b *block.Builder) *block.Network {
	d := b.SquareDims()
	b.Integer("num_key_value_heads") // which has no default here
	intermediate := b.Integer("intermediate_size")
	rope := b.Rope(block.RopeOptions{Scaling: b.Scaling(),
		Dims: d.HeadDim, HeadDim: d.HeadDim,
		Base: b.Float("rope_theta", 1000000), Traditional: b.Boolean("rope_traditional", false),
	})
	tied := b.Boolean("tie_word_embeddings", true)
	b.Ignore("self_attn.rotary_emb.inv_freq")
	if tied {
		b.Ignore("lm_head.weight")
	}

	n := b.Base(d, tied)
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Bias: true, Rope: rope})
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, b.MLP(path+".mlp", d.Hidden, intermediate, false, block.SwigluGate)))
	}
	n.Batches = true
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	return n
}
