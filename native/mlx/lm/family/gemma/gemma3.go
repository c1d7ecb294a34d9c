package gemma

import (
	"math"

	"assay/native/mlx"
	"assay/native/mlx/lm/block"
	"assay/native/mlx/lm/family"
	"assay/native/mlx/lm/folder"
)

func init() { family.Register(gemma3, "gemma3") }

// gemma3 is mlx_lm/models/gemma3.py: a text model inside of one that sees. The
// parts that see are left out.
func gemma3(b *block.Builder) *block.Network {
	vocab := b.Integer("vocab_size", 262208)
	outer := b.Config
	inner := outer.Section("text_config")
	defer func() { outer.Problems, b.Config = append(outer.Problems, inner.Problems...), outer }()
	if inner.Fields == nil {
		return nil
	}
	inner.Fields["vocab_size"] = float64(vocab)
	for name, fallback := range map[string]float64{"num_attention_heads": 8, "num_key_value_heads": 4} {
		if _, ok := inner.Fields[name]; !ok {
			inner.Fields[name] = fallback
		}
	}
	b.Config, b.Prefix = inner, "language_model."
	b.Ignore("vision_tower.")
	b.Ignore("multi_modal_projector.")
	return gemma3Text(b)
}

func init() { family.Register(gemma3Text, "gemma3_text") }

// gemma3Text is mlx_lm/models/gemma3_text.py: a window on all layers but every
// sixth.
func gemma3Text(b *block.Builder) *block.Network {
	d := block.Dims{
		Hidden:  b.Integer("hidden_size", 1152),
		Layers:  b.Integer("num_hidden_layers", 26),
		Vocab:   b.Integer("vocab_size", 262144),
		Heads:   b.Integer("num_attention_heads", 4),
		KVHeads: b.Integer("num_key_value_heads", 1),
		HeadDim: b.Integer("head_dim", 256),
		Eps:     b.Float("rms_norm_eps", 1e-6),
	}
	b.CheckHeads(d)
	intermediate := b.Integer("intermediate_size", 6912)
	window, pattern := b.Integer("sliding_window", 512), b.Integer("sliding_window_pattern", 6)
	if d.Layers < pattern {
		b.Note("num_hidden_layers %d is less than sliding_window_pattern %d, which mlx-lm's gemma3_text cannot run", d.Layers, pattern)
		return nil
	}
	global := b.Rope(block.RopeOptions{Scaling: b.Scaling(), Dims: d.HeadDim, HeadDim: d.HeadDim, Base: b.Float("rope_theta", 1000000)})
	local := block.PlainRope(d.HeadDim, d.HeadDim, b.Float("rope_local_base_freq", 10000), false)
	scale := math.Pow(b.Float("query_pre_attn_scalar", 256), -0.5)

	n := b.Base(d, !b.Stored("lm_head.weight"))
	types := make([]string, d.Layers)
	for i := range d.Layers {
		path, rope := block.LayerPath(i), local
		types[i] = folder.SlidingAttention
		if i%pattern == pattern-1 {
			types[i], rope = folder.FullAttention, global
		}
		a := b.Attention(path+".self_attn", d, block.AttentionOptions{Norms: b.GemmaNorm, Scale: scale, Rope: rope})
		a.NormsAt = block.OnHeadsInFront
		n.Layers = append(n.Layers, b.Sandwich(path, d, a, intermediate, clippedSum))
	}
	n.Sliding(types, window)
	n.Batches = true
	n.Norm = b.GemmaNorm("model.norm", d.Hidden, d.Eps)
	if t := n.EmbedType(b); b.Usable() {
		n.Scale = b.Own(b.S.AsType(b.S.Scalar(math.Sqrt(float64(d.Hidden)), mlx.BFloat16), t))
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
	bound := -block.Lowest(mlx.Float16)
	return s.AsType(s.Clip(sum, s.Scalar(-bound, mlx.Float32), s.Scalar(bound, mlx.Float32)), mlx.Float16)
}}
