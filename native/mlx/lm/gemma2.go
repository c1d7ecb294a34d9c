package lm

import (
	"math"

	"assay/native/mlx"
)

// gemma2 is mlx_lm/models/gemma2.py: plain caches on every layer, although half
// of them see a window only, and attention without the fused kernel.
func gemma2(b *builder) *network {
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
	intermediate := b.integer("intermediate_size")
	rope := &rotary{headDim: d.headDim, Rope: mlx.Rope{
		Dims: d.headDim, Traditional: b.boolean("rope_traditional", false), Base: float32(b.float("rope_theta", 10000)), Scale: 1,
	}}
	scale := 1 / math.Sqrt(b.float("query_pre_attn_scalar", 144))
	softcap := b.float("attn_logit_softcapping", 50)

	n := b.base(d, true)
	n.softcap = b.float("final_logit_softcapping", 30)
	n.masks = []maskRule{{asArray: true}}
	for i := range d.layers {
		path := layerPath(i)
		a := b.attention(path+".self_attn", d, attentionOptions{scale: scale, rope: rope})
		a.softcap = softcap
		n.caches[i].unquantisable = "mlx-lm's gemma2 does not read one"
		n.layers = append(n.layers, b.sandwich(path, d, a, intermediate, plainSum))
	}
	n.norm = b.gemmaNorm("model.norm", d.hidden, d.eps)
	if w := n.embedType(b); b.usable() {
		n.scale = b.own(b.s.Scalar(math.Sqrt(float64(d.hidden)), w))
	}
	return n
}

func plainSum(s *mlx.Scope, x, y mlx.Array) mlx.Array { return s.Add(x, y) }

// sandwich takes the norms and the MLP of one of gemma's layers.
func (b *builder) sandwich(path string, d dims, a *attention, intermediate int, residual func(s *mlx.Scope, x, y mlx.Array) mlx.Array) *sandwich {
	return &sandwich{
		attention:         a,
		feedForward:       b.mlp(path+".mlp", d.hidden, intermediate, false, geluGate),
		inputNorm:         b.gemmaNorm(path+".input_layernorm", d.hidden, d.eps),
		postAttentionNorm: b.gemmaNorm(path+".post_attention_layernorm", d.hidden, d.eps),
		preFeedForward:    b.gemmaNorm(path+".pre_feedforward_layernorm", d.hidden, d.eps),
		postFeedForward:   b.gemmaNorm(path+".post_feedforward_layernorm", d.hidden, d.eps),
		residual:          residual,
	}
}

// embedType is the type that embeddings come out with.
func (n *network) embedType(b *builder) mlx.DType {
	switch {
	case !b.usable():
		return mlx.Float32
	case n.embed.weight.Valid():
		return b.s.Type(n.embed.weight)
	}
	return b.s.Type(n.embed.head.packed.Scales)
}
