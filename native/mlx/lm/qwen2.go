package lm

// qwen2 is mlx_lm/models/qwen2.py.
func qwen2(b *builder) *network {
	d := b.squareDims()
	b.integer("num_key_value_heads") // which has no default here
	intermediate := b.integer("intermediate_size")
	rope := b.rope(ropeOptions{
		dims: d.headDim, headDim: d.headDim,
		base: b.float("rope_theta", 1000000), traditional: b.boolean("rope_traditional", false),
	})
	tied := b.boolean("tie_word_embeddings", true)
	b.ignore("self_attn.rotary_emb.inv_freq")
	if tied {
		b.ignore("lm_head.weight")
	}

	n := b.base(d, tied)
	for i := range d.layers {
		path := layerPath(i)
		a := b.attention(path+".self_attn", d, attentionOptions{bias: true, rope: rope})
		n.layers = append(n.layers, b.preNorm(path, d, a, b.mlp(path+".mlp", d.hidden, intermediate, false, swigluGate)))
	}
	n.norm = b.norm("model.norm", d.hidden, d.eps)
	return n
}
