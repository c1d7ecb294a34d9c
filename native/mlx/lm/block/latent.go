package block

import (
	"math"

	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
	"assay/native/mlx/lm/folder"
)

// Latent is attention over a latent that all heads share (DeepSeek-V2, 2024;
// DeepseekV3Attention of mlx_lm/models/deepseek_v3.py). The cache holds the
// latent and the part of the keys that turns; one token attends to the latent
// itself, several to the keys and values made of it.
type Latent struct {
	LatentSizes
	scale            float32
	q, qDown         *Linear // qDown nil: q reads the input
	qNorm            *Norm
	down, o          *Linear
	norm             *Norm
	queries, outputs *MultiLinear
	rope             *Rotary
}

// LatentSizes are the sizes of such attention; QRank 0 makes queries in one step.
type LatentSizes struct{ Heads, QRank, Rank, NopeDim, RopeDim, ValueDim int }

// Cached is what a layer caches of a token.
func (z LatentSizes) Cached() cache.Shape {
	return cache.Shape{Heads: 1, KeyDim: z.Rank, ValueDim: z.RopeDim}
}

// LatentOptions are what the families differ in.
type LatentOptions struct {
	Hidden  int
	Bias    bool
	NormEps float64 // of the norms of latents
	Rope    *Rotary
	// Scaling is rope_scaling, nil where there is none.
	Scaling *folder.Config
}

// Latent takes the attention at path.
func (b *Builder) Latent(path string, z LatentSizes, o LatentOptions) *Latent {
	a := &Latent{LatentSizes: z, rope: o.Rope, scale: float32(latentScale(z, o.Scaling))}
	width := z.Heads * (z.NopeDim + z.RopeDim)
	if z.QRank == 0 {
		a.q = b.Linear(path+".q_proj", width, o.Hidden, false)
	} else {
		a.qDown = b.Linear(path+".q_a_proj", z.QRank, o.Hidden, o.Bias)
		a.qNorm = b.Norm(path+".q_a_layernorm", z.QRank, o.NormEps)
		a.q = b.Linear(path+".q_b_proj", width, z.QRank, false)
	}
	a.down = b.Linear(path+".kv_a_proj_with_mqa", z.Rank+z.RopeDim, o.Hidden, o.Bias)
	a.norm = b.Norm(path+".kv_a_layernorm", z.Rank, o.NormEps)
	a.queries, a.outputs = b.unfolded(path, z)
	a.o = b.Linear(path+".o_proj", o.Hidden, z.Heads*z.ValueDim, o.Bias)
	return a
}

// latentScale is the scale of scores; yarn's mscale_all_dim sharpens it.
func latentScale(z LatentSizes, scaling *folder.Config) float64 {
	scale := math.Pow(float64(z.NopeDim+z.RopeDim), -0.5)
	if scaling == nil {
		return scale
	}
	all, factor := scaling.Float("mscale_all_dim", 0), scaling.Float("factor", 1)
	if all != 0 && factor > 1 {
		m := 0.1*all*math.Log(factor) + 1
		scale *= m * m
	}
	return scale
}

// unfolded takes the matrices between the latent and the heads' keys and values,
// or cuts kv_b_proj, which an unconverted checkpoint has in their place.
func (b *Builder) unfolded(path string, z LatentSizes) (queries, outputs *MultiLinear) {
	whole := path + ".kv_b_proj"
	if !b.Stored(whole + ".weight") {
		return b.MultiLinear(path+".embed_q", z.Heads, z.Rank, z.NopeDim), b.MultiLinear(path+".unembed_out", z.Heads, z.ValueDim, z.Rank)
	}
	if b.Stored(whole + ".scales") {
		b.Note("%s is quantised, which is not supported: convert the model with mlx_lm.convert", whole)
		return &MultiLinear{}, &MultiLinear{}
	}
	w := b.tensor(whole+".weight", floating, z.Heads*(z.NopeDim+z.ValueDim), z.Rank)
	if !b.Usable() {
		return &MultiLinear{}, &MultiLinear{}
	}
	s := b.S
	w = s.Reshape(w, z.Heads, z.NopeDim+z.ValueDim, z.Rank)
	cut := func(from, to int) mlx.Array {
		return s.Slice(w, []int{0, from, 0}, []int{z.Heads, to, z.Rank})
	}
	keys := s.Contiguous(s.SwapAxes(cut(0, z.NopeDim), -1, -2))
	values := s.Contiguous(cut(z.NopeDim, z.NopeDim+z.ValueDim))
	return b.multi(keys), b.multi(values)
}

func (a *Latent) Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array {
	s, kv := st.S, c.(cache.KV)
	nope, turned := a.query(st, x, cache.OffsetOf(st, c))
	parts := s.Split(a.down.Forward(s, x), -1, a.Rank)
	key := s.Transpose(s.Reshape(parts[1], 1, st.Tokens, 1, a.RopeDim), 0, 2, 1, 3)
	key = a.rope.Forward(st, key, 1, cache.OffsetOf(st, c))
	seen := kv.Update(st, s.ExpandDims(a.norm.Forward(s, parts[0]), 1), key)
	dtype := s.Type(turned)
	scores := s.Matmul(s.Multiply(turned, s.Scalar(float64(a.scale), dtype)), s.SwapAxes(seen.V, -1, -2))
	if mask.Array.Valid() {
		scores = s.Where(mask.Array, scores, s.Scalar(Lowest(dtype), dtype))
	}
	var out mlx.Array
	if st.Tokens == 1 {
		out = s.Attention(a.queries.Forward(s, nope), seen.K, seen.K, a.scale, mlx.Mask{Array: scores}, mlx.Array{})
		out = a.outputs.Forward(s, out)
	} else {
		keys, values := a.queries.backwards(s, seen.K), a.outputs.Forward(s, seen.K)
		out = s.Attention(nope, keys, values, a.scale, mlx.Mask{Array: scores}, mlx.Array{})
	}
	out = s.Reshape(s.Transpose(out, 0, 2, 1, 3), 1, st.Tokens, -1)
	return a.o.Forward(s, out)
}

// query returns the parts of the queries that do not turn and that do.
func (a *Latent) query(st *cache.Step, x mlx.Array, offset cache.Offset) (nope, turned mlx.Array) {
	s := st.S
	if a.qDown != nil {
		x = a.qNorm.Forward(s, a.qDown.Forward(s, x))
	}
	q := s.Transpose(s.Reshape(a.q.Forward(s, x), 1, st.Tokens, a.Heads, -1), 0, 2, 1, 3)
	parts := s.Split(q, -1, a.NopeDim)
	return parts[0], a.rope.Forward(st, parts[1], a.Heads, offset)
}

// MultiLinear is MultiLinear or QuantizedMultiLinear of mlx_lm/models/mla.py: a
// matrix for each head.
type MultiLinear struct {
	weight, swapped mlx.Array
	packed          mlx.Packed
	quant           mlx.Quantisation
}

// MultiLinear takes the layer at path, (heads, out, in) in the files.
func (b *Builder) MultiLinear(path string, heads, out, in int) *MultiLinear {
	words, quant := b.matrix(path, heads, out, in)
	if quant.Bits == 0 && words.Words.Valid() {
		return b.multi(words.Words)
	}
	return &MultiLinear{packed: words, quant: quant}
}

func (b *Builder) multi(weight mlx.Array) *MultiLinear {
	return &MultiLinear{weight: b.Own(weight), swapped: b.Own(b.S.SwapAxes(weight, -1, -2))}
}

// Forward is x·wᵀ.
func (l *MultiLinear) Forward(s *mlx.Scope, x mlx.Array) mlx.Array {
	if l.quant.Bits != 0 {
		return s.QuantizedMatmul(x, l.packed, true, l.quant)
	}
	return s.Matmul(x, l.swapped)
}

// backwards is x·w.
func (l *MultiLinear) backwards(s *mlx.Scope, x mlx.Array) mlx.Array {
	if l.quant.Bits != 0 {
		return s.QuantizedMatmul(x, l.packed, false, l.quant)
	}
	return s.Matmul(x, l.weight)
}
