package family

import "assay/native/mlx/lm/block"

func init() { Register(seedOSS, "seed_oss") }

// seedOSS is mlx_lm/models/seed_oss.py.
func seedOSS(b *block.Builder) *block.Network {
	d := HeadedDims(b)
	intermediate := b.Integer("intermediate_size")
	bias, outBias, mlpBias := b.Boolean("attention_bias", false), b.Boolean("attention_out_bias", false), b.Boolean("mlp_bias", false)
	rope := b.Rope(block.RopeOptions{
		Dims: d.HeadDim, HeadDim: d.HeadDim, Scaling: b.Scaling(),
		Base: b.Float("rope_theta", 10000), Traditional: b.Boolean("rope_traditional", false),
	})
	tied := tied(b, true)
	if tied && b.Quantised("model.embed_tokens") {
		b.Note("tie_word_embeddings with a quantised embedding is what mlx-lm's seed_oss fails on")
	}
	n := b.Base(d, tied)
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Bias: bias, OutBias: outBias, Rope: rope})
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, b.MLP(path+".mlp", d.Hidden, intermediate, mlpBias, block.SwigluGate)))
	}
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	return n
}
