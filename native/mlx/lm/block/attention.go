package block

import (
	"math"

	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
)

// Attention is the Attention of mlx-lm's models; what a family does not have
// is left nil.
type Attention struct {
	cache.Shape
	QueryHeads int
	Scale      float32

	Q, K, V, O   *Linear
	QKV          *Linear // in place of Q, K and V (phi3)
	QNorm, KNorm *Norm
	NormsAt      NormPlace
	Rope         *Rotary
	Sinks        mlx.Array
	// Gated says that Q makes a gate behind each head's query, whose sigmoid
	// multiplies what comes out (qwen3_next).
	Gated bool
	// Adjust changes the queries behind the rotary embedding; offset is the
	// first token's position.
	Adjust func(st *cache.Step, q mlx.Array, offset int) mlx.Array
	// Softcap and the query's scale in gemma2, which computes attention itself.
	Softcap float64
	// Wide says that float16 attends in float32 (cohere2).
	Wide bool
}

// NormPlace is where queries and keys are normed.
type NormPlace int

// The places: on each head before heads become an axis in front of the tokens
// (qwen3) or after (gemma3), over all heads at once (olmo3), or behind the
// rotary embedding (llama4).
const (
	OnHeads NormPlace = iota
	OnHeadsInFront
	OverHeads
	BehindRope
)

func (a *Attention) Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array {
	s, kv := st.S, c.(cache.KV)
	q, k, v, gate := a.project(st, x)
	offset := cache.OffsetOf(st, c)
	q = a.turned(st, q, a.QueryHeads, offset, a.QNorm)
	k = a.turned(st, k, a.Heads, offset, a.KNorm)
	if a.Adjust != nil {
		q = a.Adjust(st, q, offset.First)
	}
	out := a.attend(st, q, kv.Update(st, k, v), mask)
	out = s.Reshape(s.Transpose(out, 0, 2, 1, 3), st.Rows, st.Tokens, -1)
	if a.Gated {
		out = s.Multiply(out, s.Sigmoid(gate))
	}
	return a.O.Forward(s, out)
}

// attend looks at what the cache returned, which ends with the step's own tokens.
func (a *Attention) attend(st *cache.Step, q mlx.Array, seen cache.Entries, mask mlx.Mask) mlx.Array {
	s := st.S
	switch {
	case a.Softcap > 0:
		return a.softcapped(st, q, seen, mask)
	case seen.Quant.Bits != 0:
		return a.quantised(st, q, seen, mask)
	case a.Wide && s.Type(q) == mlx.Float16:
		return s.AsType(s.Attention(s.AsType(q, mlx.Float32), seen.K, seen.V, a.Scale, mask, a.Sinks), mlx.Float16)
	}
	return s.Attention(q, seen.K, seen.V, a.Scale, mask, a.Sinks)
}

// turned gives queries or keys their positions.
func (a *Attention) turned(st *cache.Step, x mlx.Array, heads int, offset cache.Offset, n *Norm) mlx.Array {
	if a.Rope != nil {
		x = a.Rope.Forward(st, x, heads, offset)
	}
	if a.NormsAt == BehindRope && n != nil {
		x = n.Forward(st.S, x)
	}
	return x
}

// project returns queries, keys and values as (rows, heads, tokens, dim), and the
// gate as (rows, tokens, heads * dim).
func (a *Attention) project(st *cache.Step, x mlx.Array) (q, k, v, gate mlx.Array) {
	s := st.S
	switch {
	case a.QKV != nil:
		end := a.QueryHeads * a.KeyDim
		parts := s.Split(a.QKV.Forward(s, x), -1, end, end+a.Heads*a.KeyDim)
		q, k, v = parts[0], parts[1], parts[2]
	default:
		q, k, v = a.Q.Forward(s, x), a.K.Forward(s, x), a.V.Forward(s, x)
	}
	if a.Gated {
		parts := s.Split(s.Reshape(q, st.Rows, st.Tokens, a.QueryHeads, -1), -1, a.KeyDim)
		q, gate = parts[0], s.Reshape(parts[1], st.Rows, st.Tokens, -1)
	}
	q = a.split(st, q, a.QueryHeads, a.QNorm)
	k = a.split(st, k, a.Heads, a.KNorm)
	return q, k, a.split(st, v, a.Heads, nil), gate
}

func (a *Attention) split(st *cache.Step, x mlx.Array, heads int, n *Norm) mlx.Array {
	s := st.S
	if n != nil && a.NormsAt == OverHeads {
		x = n.Forward(s, x)
	}
	x = s.Reshape(x, st.Rows, st.Tokens, heads, -1)
	if n != nil && a.NormsAt == OnHeads {
		x = n.Forward(s, x)
	}
	x = s.Transpose(x, 0, 2, 1, 3)
	if n != nil && a.NormsAt == OnHeadsInFront {
		x = n.Forward(s, x)
	}
	return x
}

// quantised is quantized_scaled_dot_product_attention of mlx_lm/models/base.py.
func (a *Attention) quantised(st *cache.Step, q mlx.Array, seen cache.Entries, mask mlx.Mask) mlx.Array {
	s, repeats := st.S, a.QueryHeads/a.Heads
	dtype := s.Type(q)
	q = s.Multiply(q, s.Scalar(float64(a.Scale), dtype))
	keys, values := seen.PackedK, seen.PackedV
	if repeats > 1 {
		q = s.Reshape(q, 1, a.Heads, repeats, st.Tokens, a.KeyDim)
		keys, values = expanded(s, keys), expanded(s, values)
	}
	scores := s.QuantizedMatmul(q, keys, true, seen.Quant)
	if mask.Causal {
		mask = cache.CausalMask(s, st.Tokens, seen.Length-st.Tokens, 0)
	}
	if mask.Array.Valid() {
		scores = s.Where(mask.Array, scores, s.Scalar(Lowest(dtype), dtype))
	}
	out := s.QuantizedMatmul(s.Softmax(scores), values, false, seen.Quant)
	if repeats > 1 {
		out = s.Reshape(out, 1, a.QueryHeads, st.Tokens, a.ValueDim)
	}
	return out
}

// expanded gives each array the axis of the heads that share a key.
func expanded(s *mlx.Scope, p mlx.Packed) mlx.Packed {
	return mlx.Packed{
		Words:  s.ExpandDims(p.Words, -3),
		Scales: s.ExpandDims(p.Scales, -3),
		Biases: s.ExpandDims(p.Biases, -3),
	}
}

// Lowest is mx.finfo(dtype).min.
func Lowest(t mlx.DType) float64 {
	switch t {
	case mlx.Float16:
		return -65504
	case mlx.BFloat16:
		return -0x1.fep127
	}
	return -0x1.fffffep127
}

// softcapped is gemma2's attention (mlx_lm/models/gemma2.py).
func (a *Attention) softcapped(st *cache.Step, q mlx.Array, seen cache.Entries, mask mlx.Mask) mlx.Array {
	s, repeats := st.S, a.QueryHeads/a.Heads
	dtype := s.Type(q)
	q = s.Multiply(q, s.Scalar(float64(a.Scale), dtype))
	k, v := seen.K, seen.V
	if repeats > 1 {
		q = s.Reshape(q, 1, a.Heads, repeats, st.Tokens, a.KeyDim)
		k, v = s.ExpandDims(k, 2), s.ExpandDims(v, 2)
	}
	limit := s.Scalar(a.Softcap, dtype)
	scores := s.Matmul(q, s.SwapAxes(k, -1, -2))
	scores = s.Multiply(s.Tanh(s.Divide(scores, limit)), limit)
	if mask.Array.Valid() {
		scores = s.Where(mask.Array, scores, s.Scalar(Lowest(dtype), dtype))
	}
	out := s.Matmul(s.Softmax(scores), v)
	if repeats > 1 {
		out = s.Reshape(out, 1, a.QueryHeads, st.Tokens, a.ValueDim)
	}
	return out
}

// InverseRoot is n ** -0.5 as Python computes it.
func InverseRoot(n float64) float32 { return float32(math.Pow(n, -0.5)) }
