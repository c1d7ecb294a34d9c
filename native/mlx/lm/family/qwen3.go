package family

import "assay/native/mlx/lm/block"

func init() { Register(qwen3, "qwen3") }

// qwen3 is mlx_lm/models/qwen3.py.
func qwen3(b *block.Builder) *block.Network {
	d := qwen3Dims(b)
	intermediate := b.Integer("intermediate_size")
	b.Integer("max_position_embeddings")
	rope := b.Rope(block.RopeOptions{Scaling: b.Scaling(), Dims: d.HeadDim, HeadDim: d.HeadDim, Base: qwen3Base(b)})
	tied := b.Boolean("tie_word_embeddings")
	if tied {
		b.Ignore("lm_head.weight")
	}

	n := b.Base(d, tied)
	for i := range d.Layers {
		path := block.LayerPath(i)
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Norms: b.Norm, Rope: rope})
		n.Layers = append(n.Layers, b.PreNorm(path, d, a, b.MLP(path+".mlp", d.Hidden, intermediate, false, block.SwigluGate)))
	}
	n.Batches = true
	n.Norm = b.Norm("model.norm", d.Hidden, d.Eps)
	return n
}

// qwen3Dims reads the dimensions that qwen3 and qwen3_moe have in common.
func qwen3Dims(b *block.Builder) block.Dims {
	d := block.Dims{
		Hidden:  b.Integer("hidden_size"),
		Layers:  b.Integer("num_hidden_layers"),
		Vocab:   b.Integer("vocab_size"),
		Heads:   b.Integer("num_attention_heads"),
		KVHeads: b.Integer("num_key_value_heads"),
		HeadDim: b.Integer("head_dim"),
		Eps:     b.Float("rms_norm_eps"),
	}
	b.CheckHeads(d)
	return d
}

// qwen3Base reads rope_theta, which newer checkpoints nest in rope_parameters
// (read so by mlx-lm from 0.32 on).
func qwen3Base(b *block.Builder) float64 {
	if !b.Has("rope_theta") && b.Has("rope_parameters") {
		nested := b.Section("rope_parameters")
		base := nested.Float("rope_theta")
		if kind := nested.Text("rope_type", "default"); kind != "default" {
			nested.Note("rope_type %s is not supported here: name it in rope_scaling", kind)
		}
		b.Problems = append(b.Problems, nested.Problems...)
		return base
	}
	return b.Float("rope_theta")
}
