package lm

import (
	"math"
	"slices"
)

// llama is mlx_lm/models/llama.py, mistral with it.
func llama(b *builder) *network {
	d := dims{
		hidden: b.integer("hidden_size"),
		layers: b.integer("num_hidden_layers"),
		vocab:  b.integer("vocab_size"),
		heads:  b.integer("num_attention_heads"),
		eps:    b.float("rms_norm_eps"),
	}
	d.kvHeads = b.integer("num_key_value_heads", d.heads)
	d.headDim = b.integer("head_dim", d.hidden/d.heads)
	b.checkHeads(d)
	intermediate := b.integer("intermediate_size")
	bias, mlpBias := b.boolean("attention_bias", false), b.boolean("mlp_bias", false)
	rope := b.rope(ropeOptions{
		dims: d.headDim, headDim: d.headDim,
		base: b.float("rope_theta", 10000), traditional: b.boolean("rope_traditional", false),
	})
	types := b.layerTypes(d.layers, slices.Repeat([]string{fullAttention}, d.layers))
	if !slices.Contains(types, fullAttention) {
		b.note("layer_types has no %s, which mlx-lm's llama needs", fullAttention)
	}
	tied := b.boolean("tie_word_embeddings", true)
	b.ignore("self_attn.rotary_emb.inv_freq")
	if tied {
		b.ignore("lm_head.weight")
	}

	n := b.base(d, tied)
	for i := range d.layers {
		path := layerPath(i)
		a := b.attention(path+".self_attn", d, attentionOptions{bias: bias, outBias: bias, rope: rope})
		n.layers = append(n.layers, b.preNorm(path, d, a, b.mlp(path+".mlp", d.hidden, intermediate, mlpBias, swigluGate)))
	}
	n.norm = b.norm("model.norm", d.hidden, d.eps)
	n.choosesCaches = true
	if slices.Contains(types, slidingAttention) {
		n.sliding(types, b.integer("sliding_window"))
	}
	return n
}

// inverseRoot is n ** -0.5 as Python computes it.
func inverseRoot(n float64) float32 { return float32(math.Pow(n, -0.5)) }
