package lm

import (
	"math"

	"assay/native/mlx"
)

// rotary is a rotary embedding (mlx_lm/models/rope_utils.py); factor, where it
// is set, multiplies what is rotated first (longrope, yarn).
type rotary struct {
	mlx.Rope
	headDim int
	factor  float64
}

func (r *rotary) forward(st *step, x mlx.Array, heads, offset int) mlx.Array {
	if r.factor != 0 {
		x = r.scaled(st, x, heads)
	}
	return st.s.Rope(x, &r.Rope, offset)
}

// scaled is x[..., :dims] = factor * x[..., :dims].
func (r *rotary) scaled(st *step, x mlx.Array, heads int) mlx.Array {
	from, to := []int{0, 0, 0, 0}, []int{1, heads, st.tokens, r.Dims}
	part := x
	if r.Dims < r.headDim {
		part = st.s.Slice(x, from, to)
	}
	part = st.s.Multiply(st.s.Scalar(r.factor, st.s.Type(x)), part)
	return st.s.SliceUpdate(x, part, from, to)
}

// ropeOptions are what initialize_rope is called with.
type ropeOptions struct {
	dims, headDim int
	base          float64
	traditional   bool
}

// rope makes the embedding that rope_scaling asks for.
func (b *builder) rope(o ropeOptions) *rotary {
	r := &rotary{headDim: o.headDim}
	r.Rope = mlx.Rope{Dims: o.dims, Traditional: o.traditional, Base: float32(o.base), Scale: 1}
	if !b.has("rope_scaling") {
		return r
	}
	scaling := b.section("rope_scaling")
	if b.listing() {
		return r // frequencies are no tensors of the files
	}
	kind := scaling.text("type", scaling.text("rope_type", "default"))
	switch kind {
	case "default":
	case "linear":
		r.Scale = float32(1 / scaling.float("factor"))
	case "llama3":
		r.Freqs = b.llama3(scaling, o)
	case "yarn":
		b.yarn(r, scaling, o)
	case "longrope", "su":
		b.longrope(r, scaling, o)
	default:
		scaling.note("type %s is not supported", kind)
	}
	b.problems = append(b.problems, scaling.problems...)
	return r
}

// frequencies are base ** (arange(0, dims, 2) / dims), computed by MLX.
func (b *builder) frequencies(o ropeOptions) mlx.Array {
	s := b.s
	exponents := s.Divide(s.Arange(0, float64(o.dims), 2, mlx.Float32), s.Scalar(float64(o.dims), mlx.Float32))
	return s.Power(s.Scalar(o.base, mlx.Float32), exponents)
}

// llama3 is Llama3RoPE's frequencies.
func (b *builder) llama3(scaling *config, o ropeOptions) mlx.Array {
	s, number := b.s, func(n float64) mlx.Array { return b.s.Scalar(n, mlx.Float32) }
	factor := scaling.float("factor")
	low, high := scaling.float("low_freq_factor", 1), scaling.float("high_freq_factor", 4)
	context := scaling.float("original_max_position_embeddings", 8192)
	freqs := b.frequencies(o)
	wavelens := s.Multiply(number(2*math.Pi), freqs)
	tooLong := s.Greater(wavelens, number(context/low))
	freqs = s.Where(tooLong, s.Multiply(freqs, number(factor)), freqs)
	medium := s.BitwiseAnd(s.Greater(wavelens, number(context/high)), s.Less(wavelens, number(context/low)))
	smooth := s.Divide(s.Subtract(s.Divide(number(context), wavelens), number(low)), number(high-low))
	divisor := s.Add(s.Divide(s.Subtract(number(1), smooth), number(factor)), smooth)
	return b.own(s.Where(medium, s.Divide(freqs, divisor), freqs))
}

// yarn is YarnRoPE.
func (b *builder) yarn(r *rotary, scaling *config, o ropeOptions) {
	s, number := b.s, func(n float64) mlx.Array { return b.s.Scalar(n, mlx.Float32) }
	factor := scaling.float("factor")
	context := scaling.float("original_max_position_embeddings", 4096)
	dims := float64(o.dims)
	correction := func(rotations float64) float64 {
		return dims * math.Log(context/(rotations*2*math.Pi)) / (2 * math.Log(o.base))
	}
	low := max(math.Floor(correction(scaling.float("beta_fast", 32))), 0)
	high := min(math.Ceil(correction(scaling.float("beta_slow", 1))), dims-1)
	if low == high {
		high += 0.001
	}
	ramp := s.Divide(s.Subtract(s.Arange(0, float64(o.dims/2), 1, mlx.Float32), number(low)), number(high-low))
	mask := s.Subtract(number(1), s.Clip(ramp, number(0), number(1)))
	extra := b.frequencies(o)
	inter := s.Multiply(number(factor), extra)
	divisor := s.Add(s.Multiply(inter, mask), s.Multiply(extra, s.Subtract(number(1), mask)))
	r.Freqs = b.own(s.Divide(s.Multiply(inter, extra), divisor))
	mscale := func(m float64) float64 {
		if factor <= 1 {
			return 1
		}
		return 0.1*m*math.Log(factor) + 1
	}
	if r.factor = mscale(scaling.float("mscale", 1)) / mscale(scaling.float("mscale_all_dim", 0)); r.factor == 1 {
		r.factor = 0
	}
}

// longrope is SuScaledRoPE, which uses the long factors at every length. The
// original context is a field of the model's (phi3) or of rope_scaling.
func (b *builder) longrope(r *rotary, scaling *config, o ropeOptions) {
	long := scaling.floats("long_factor")
	if len(long) != o.dims/2 {
		scaling.note("long_factor has %d entries for %d dimensions", len(long), o.dims)
		return
	}
	original := b.float("original_max_position_embeddings", scaling.float("original_max_position_embeddings", 4096))
	r.Freqs = b.own(b.s.Multiply(b.s.Float32s(long, len(long)), b.frequencies(o)))
	r.factor = 1
	if ratio := b.float("max_position_embeddings", 131072) / original; ratio > 1 {
		r.factor = math.Sqrt(1 + math.Log(ratio)/math.Log(original))
	}
}
