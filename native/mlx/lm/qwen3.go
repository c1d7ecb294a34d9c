package lm

// qwen3 is mlx_lm/models/qwen3.py.
func qwen3(b *builder) *network {
	d := b.qwen3Dims()
	intermediate := b.integer("intermediate_size")
	b.integer("max_position_embeddings")
	rope := b.rope(ropeOptions{dims: d.headDim, headDim: d.headDim, base: b.qwen3Base()})
	tied := b.boolean("tie_word_embeddings")
	if tied {
		b.ignore("lm_head.weight")
	}

	n := b.base(d, tied)
	for i := range d.layers {
		path := layerPath(i)
		a := b.attention(path+".self_attn", d, attentionOptions{norms: b.norm, rope: rope})
		n.layers = append(n.layers, b.preNorm(path, d, a, b.mlp(path+".mlp", d.hidden, intermediate, false, swigluGate)))
	}
	n.norm = b.norm("model.norm", d.hidden, d.eps)
	return n
}

// qwen3Dims reads the dimensions that qwen3 and qwen3_moe have in common.
func (b *builder) qwen3Dims() dims {
	d := dims{
		hidden:  b.integer("hidden_size"),
		layers:  b.integer("num_hidden_layers"),
		vocab:   b.integer("vocab_size"),
		heads:   b.integer("num_attention_heads"),
		kvHeads: b.integer("num_key_value_heads"),
		headDim: b.integer("head_dim"),
		eps:     b.float("rms_norm_eps"),
	}
	b.checkHeads(d)
	return d
}

// qwen3Base reads rope_theta, which newer checkpoints nest in rope_parameters
// (read so by mlx-lm from 0.32 on).
func (b *builder) qwen3Base() float64 {
	if !b.has("rope_theta") && b.has("rope_parameters") {
		nested := b.section("rope_parameters")
		base := nested.float("rope_theta")
		if kind := nested.text("rope_type", "default"); kind != "default" {
			nested.note("rope_type %s is not supported here: name it in rope_scaling", kind)
		}
		b.problems = append(b.problems, nested.problems...)
		return base
	}
	return b.float("rope_theta")
}
