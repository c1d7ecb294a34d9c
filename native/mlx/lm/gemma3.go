package lm

import (
	"math"

	"assay/native/mlx"
)

// gemma3 is mlx_lm/models/gemma3.py: a text model inside of one that sees. The
// parts that see are left out.
func gemma3(b *builder) *network {
	vocab := b.integer("vocab_size", 262208)
	outer := b.config
	inner := outer.section("text_config")
	defer func() { outer.problems, b.config = append(outer.problems, inner.problems...), outer }()
	if inner.fields == nil {
		return nil
	}
	inner.fields["vocab_size"] = float64(vocab)
	for name, fallback := range map[string]float64{"num_attention_heads": 8, "num_key_value_heads": 4} {
		if _, ok := inner.fields[name]; !ok {
			inner.fields[name] = fallback
		}
	}
	b.config, b.prefix = inner, "language_model."
	b.ignore("vision_tower.")
	b.ignore("multi_modal_projector.")
	return gemma3Text(b)
}

// gemma3Text is mlx_lm/models/gemma3_text.py: a window on all layers but every
// sixth.
func gemma3Text(b *builder) *network {
	d := dims{
		hidden:  b.integer("hidden_size", 1152),
		layers:  b.integer("num_hidden_layers", 26),
		vocab:   b.integer("vocab_size", 262144),
		heads:   b.integer("num_attention_heads", 4),
		kvHeads: b.integer("num_key_value_heads", 1),
		headDim: b.integer("head_dim", 256),
		eps:     b.float("rms_norm_eps", 1e-6),
	}
	b.checkHeads(d)
	intermediate := b.integer("intermediate_size", 6912)
	window, pattern := b.integer("sliding_window", 512), b.integer("sliding_window_pattern", 6)
	if d.layers < pattern {
		b.note("num_hidden_layers %d is less than sliding_window_pattern %d, which mlx-lm's gemma3_text cannot run", d.layers, pattern)
		return nil
	}
	global := b.rope(ropeOptions{dims: d.headDim, headDim: d.headDim, base: b.float("rope_theta", 1000000)})
	local := &rotary{headDim: d.headDim, Rope: mlx.Rope{Dims: d.headDim, Base: float32(b.float("rope_local_base_freq", 10000)), Scale: 1}}
	scale := math.Pow(b.float("query_pre_attn_scalar", 256), -0.5)

	n := b.base(d, !b.stored("lm_head.weight"))
	types := make([]string, d.layers)
	for i := range d.layers {
		path, rope := layerPath(i), local
		types[i] = slidingAttention
		if i%pattern == pattern-1 {
			types[i], rope = fullAttention, global
		}
		a := b.attention(path+".self_attn", d, attentionOptions{norms: b.gemmaNorm, scale: scale, rope: rope})
		a.normsHeads = true
		n.layers = append(n.layers, b.sandwich(path, d, a, intermediate, clippedSum))
	}
	n.sliding(types, window)
	n.norm = b.gemmaNorm("model.norm", d.hidden, d.eps)
	if t := n.embedType(b); b.usable() {
		n.scale = b.own(b.s.AsType(b.s.Scalar(math.Sqrt(float64(d.hidden)), mlx.BFloat16), t))
	}
	return n
}

// clippedSum is clip_residual: in float16 the sum is kept finite.
func clippedSum(s *mlx.Scope, x, y mlx.Array) mlx.Array { return s.Call(clipResidual, x, y) }

var clipResidual = &mlx.Function{Inputs: 2, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array {
	x, y := in[0], in[1]
	if s.Type(x) != mlx.Float16 {
		return s.Add(x, y)
	}
	sum := s.Add(s.AsType(x, mlx.Float32), s.AsType(y, mlx.Float32))
	bound := -lowest(mlx.Float16)
	return s.AsType(s.Clip(sum, s.Scalar(-bound, mlx.Float32), s.Scalar(bound, mlx.Float32)), mlx.Float16)
}}
