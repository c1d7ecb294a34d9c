package block

import (
	"errors"
	"math"

	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/folder"
)

// Rotary is a rotary embedding (mlx_lm/models/rope_utils.py); factor, where it
// is set, multiplies what is rotated first (longrope, yarn).
type Rotary struct {
	mlx.Rope
	HeadDim int
	base    float64
	factor  float64
	// stretch and context raise the base with the length (dynamic); 0 does not.
	stretch, context float64
}

// Forward turns (rows, heads, tokens, dim).
func (r *Rotary) Forward(st *cache.Step, x mlx.Array, heads int, offset cache.Offset) mlx.Array {
	if r.factor != 0 {
		x = r.scaled(st, x, heads)
	}
	switch {
	case r.stretch != 0 && offset.Each.Valid():
		st.S.Fail(errors.New("mlx-lm's rope of type dynamic takes no sequences at places of their own"))
		return x
	case r.stretch != 0:
		return st.S.Rope(x, r.stretched(offset.First+st.Tokens), offset.First)
	case offset.Each.Valid():
		return st.S.RopeEach(x, &r.Rope, offset.Each)
	}
	return st.S.Rope(x, &r.Rope, offset.First)
}

// scaled is x[..., :dims] = factor * x[..., :dims].
func (r *Rotary) scaled(st *cache.Step, x mlx.Array, heads int) mlx.Array {
	from, to := []int{0, 0, 0, 0}, []int{st.Rows, heads, st.Tokens, r.Dims}
	part := x
	if r.Dims < r.HeadDim {
		part = st.S.Slice(x, from, to)
	}
	part = st.S.Multiply(st.S.Scalar(r.factor, st.S.Type(x)), part)
	return st.S.SliceUpdate(x, part, from, to)
}

// stretched is DynamicNTKScalingRoPE's rope for a number of tokens.
func (r *Rotary) stretched(tokens int) *mlx.Rope {
	rope, length := r.Rope, max(float64(tokens), r.context)
	rope.Base = float32(r.base * math.Pow(r.stretch*length/r.context-(r.stretch-1), float64(r.Dims)/float64(r.Dims-2)))
	return &rope
}

// RopeOptions are what initialize_rope is called with.
type RopeOptions struct {
	Dims, HeadDim int
	Base          float64
	Traditional   bool
	// Scaling is rope_scaling or what a family has in its place; nil: none.
	Scaling *folder.Config
}

// PlainRope is a rotary embedding over whole heads without scaling.
func PlainRope(dims, headDim int, base float64, traditional bool) *Rotary {
	return &Rotary{HeadDim: headDim, base: base, Rope: mlx.Rope{Dims: dims, Traditional: traditional, Base: float32(base), Scale: 1}}
}

// Scaling returns rope_scaling, or nil where there is none.
func (b *Builder) Scaling() *folder.Config { return b.Part("rope_scaling") }

// Rope makes the embedding that the scaling asks for.
func (b *Builder) Rope(o RopeOptions) *Rotary {
	r := PlainRope(o.Dims, o.HeadDim, o.Base, o.Traditional)
	if o.Scaling == nil || b.listing() {
		return r // frequencies are no tensors of the files
	}
	kind := o.Scaling.Text("type", o.Scaling.Text("rope_type", "default"))
	scale, known := ropes[kind]
	if !known {
		o.Scaling.Note("type %s is not supported", kind)
		return r
	}
	scale(b, r, o)
	return r
}

// ropes are the types of initialize_rope (mlx_lm/models/rope_utils.py, 0.32.2).
var ropes = map[string]func(b *Builder, r *Rotary, o RopeOptions){
	"default":        func(*Builder, *Rotary, RopeOptions) {},
	"linear":         func(_ *Builder, r *Rotary, o RopeOptions) { r.Scale = float32(1 / o.Scaling.Float("factor")) },
	"llama3":         func(b *Builder, r *Rotary, o RopeOptions) { r.Freqs = b.llama3(o.Scaling, o) },
	"yarn":           (*Builder).yarn,
	"deepseek_yarn":  (*Builder).yarn,
	"telechat3-yarn": (*Builder).yarn,
	"longrope":       (*Builder).longrope,
	"su":             (*Builder).longrope,
	"proportional":   (*Builder).proportional,
	"dynamic":        (*Builder).dynamic,
	"mrope":          (*Builder).mrope,
}

// dynamic is DynamicNTKScalingRoPE.
func (b *Builder) dynamic(r *Rotary, o RopeOptions) {
	r.stretch, r.context = o.Scaling.Float("factor"), b.Float("max_position_embeddings")
}

// mrope turns text as a plain rope does; mlx-lm wants three sections.
func (b *Builder) mrope(_ *Rotary, o RopeOptions) {
	if sections := o.Scaling.Floats("mrope_section"); len(sections) != 3 {
		o.Scaling.Note("mrope_section has %d sections, not 3", len(sections))
	}
}

// proportional is ProportionalRoPE: the first part of the dimensions turns, with
// the exponents of all.
func (b *Builder) proportional(r *Rotary, o RopeOptions) {
	s := b.S
	turned := int(float64(o.Dims) * o.Scaling.Float("partial_rotary_factor", 1))
	exponents := s.Divide(s.Arange(0, float64(turned), 2, mlx.Float32), s.Scalar(float64(o.Dims), mlx.Float32))
	freqs := s.Power(s.Scalar(o.Base, mlx.Float32), exponents)
	freqs = s.Multiply(s.Scalar(o.Scaling.Float("factor", 1), mlx.Float32), freqs)
	still := s.BroadcastTo(s.Scalar(math.Inf(1), mlx.Float32), (o.Dims-turned)/2)
	r.Freqs = b.Own(s.Concatenate(0, freqs, still))
}

// frequencies are base ** (arange(0, dims, 2) / dims), computed by MLX.
func (b *Builder) frequencies(o RopeOptions) mlx.Array {
	s := b.S
	exponents := s.Divide(s.Arange(0, float64(o.Dims), 2, mlx.Float32), s.Scalar(float64(o.Dims), mlx.Float32))
	return s.Power(s.Scalar(o.Base, mlx.Float32), exponents)
}

// llama3 is Llama3RoPE's frequencies.
func (b *Builder) llama3(scaling *folder.Config, o RopeOptions) mlx.Array {
	s, number := b.S, func(n float64) mlx.Array { return b.S.Scalar(n, mlx.Float32) }
	factor := scaling.Float("factor")
	low, high := scaling.Float("low_freq_factor", 1), scaling.Float("high_freq_factor", 4)
	context := scaling.Float("original_max_position_embeddings", 8192)
	freqs := b.frequencies(o)
	wavelens := s.Multiply(number(2*math.Pi), freqs)
	tooLong := s.Greater(wavelens, number(context/low))
	freqs = s.Where(tooLong, s.Multiply(freqs, number(factor)), freqs)
	medium := s.BitwiseAnd(s.Greater(wavelens, number(context/high)), s.Less(wavelens, number(context/low)))
	smooth := s.Divide(s.Subtract(s.Divide(number(context), wavelens), number(low)), number(high-low))
	divisor := s.Add(s.Divide(s.Subtract(number(1), smooth), number(factor)), smooth)
	return b.Own(s.Where(medium, s.Divide(freqs, divisor), freqs))
}

// yarn is YarnRoPE.
func (b *Builder) yarn(r *Rotary, o RopeOptions) {
	scaling := o.Scaling
	s, number := b.S, func(n float64) mlx.Array { return b.S.Scalar(n, mlx.Float32) }
	factor := scaling.Float("factor")
	context := scaling.Float("original_max_position_embeddings", 4096)
	dims := float64(o.Dims)
	correction := func(rotations float64) float64 {
		return dims * math.Log(context/(rotations*2*math.Pi)) / (2 * math.Log(o.Base))
	}
	low := max(math.Floor(correction(scaling.Float("beta_fast", 32))), 0)
	high := min(math.Ceil(correction(scaling.Float("beta_slow", 1))), dims-1)
	if low == high {
		high += 0.001
	}
	ramp := s.Divide(s.Subtract(s.Arange(0, float64(o.Dims/2), 1, mlx.Float32), number(low)), number(high-low))
	mask := s.Subtract(number(1), s.Clip(ramp, number(0), number(1)))
	extra := b.frequencies(o)
	inter := s.Multiply(number(factor), extra)
	divisor := s.Add(s.Multiply(inter, mask), s.Multiply(extra, s.Subtract(number(1), mask)))
	r.Freqs = b.Own(s.Divide(s.Multiply(inter, extra), divisor))
	mscale := func(m float64) float64 {
		if factor <= 1 {
			return 1
		}
		return 0.1*m*math.Log(factor) + 1
	}
	if r.factor = mscale(scaling.Float("mscale", 1)) / mscale(scaling.Float("mscale_all_dim", 0)); r.factor == 1 {
		r.factor = 0
	}
}

// longrope is SuScaledRoPE, which uses the long factors at every length. The
// original context is a field of the model's (phi3) or of rope_scaling.
func (b *Builder) longrope(r *Rotary, o RopeOptions) {
	scaling := o.Scaling
	long := scaling.Floats("long_factor")
	if len(long) != o.Dims/2 {
		scaling.Note("long_factor has %d entries for %d dimensions", len(long), o.Dims)
		return
	}
	original := b.Float("original_max_position_embeddings", scaling.Float("original_max_position_embeddings", 4096))
	r.Freqs = b.Own(b.S.Multiply(b.S.Float32s(long, len(long)), b.frequencies(o)))
	r.factor = 1
	if ratio := b.Float("max_position_embeddings", 131072) / original; ratio > 1 {
		r.factor = math.Sqrt(1 + math.Log(ratio)/math.Log(original))
	}
}
