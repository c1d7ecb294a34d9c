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

	q, k, v, O   *Linear
	QKV          *Linear // in place of q, k and v (phi3)
	qNorm, kNorm *Norm
	// NormsHeads: the norms come after the heads are made an axis (gemma3),
	// where qwen3 has them before.
	NormsHeads bool
	Rope       *Rotary
	Sinks      mlx.Array
	// Softcap and the query's scale in gemma2, which computes attention itself.
	Softcap float64
}

func (a *Attention) Forward(st *cache.Step, x mlx.Array, mask mlx.Mask, c cache.Cache) mlx.Array {
	s := st.S
	q, k, v := a.project(st, x)
	offset := c.Position()
	q = a.Rope.Forward(st, q, a.QueryHeads, offset)
	k = a.Rope.Forward(st, k, a.Heads, offset)
	seen := c.Update(st, k, v)
	var out mlx.Array
	switch {
	case a.Softcap > 0:
		out = a.softcapped(st, q, seen, mask)
	case seen.Quant.Bits != 0:
		out = a.quantised(st, q, seen, mask, c.Position())
	default:
		out = s.Attention(q, seen.K, seen.V, a.Scale, mask, a.Sinks)
	}
	out = s.Reshape(s.Transpose(out, 0, 2, 1, 3), 1, st.Tokens, -1)
	return a.O.Forward(s, out)
}

// project returns queries, keys and values as (1, heads, tokens, dim).
func (a *Attention) project(st *cache.Step, x mlx.Array) (q, k, v mlx.Array) {
	s := st.S
	if a.QKV != nil {
		end := a.QueryHeads * a.KeyDim
		parts := s.Split(a.QKV.Forward(s, x), -1, end, end+a.Heads*a.KeyDim)
		q, k, v = parts[0], parts[1], parts[2]
	} else {
		q, k, v = a.q.Forward(s, x), a.k.Forward(s, x), a.v.Forward(s, x)
	}
	q = a.split(st, q, a.QueryHeads, a.qNorm)
	k = a.split(st, k, a.Heads, a.kNorm)
	return q, k, a.split(st, v, a.Heads, nil)
}

func (a *Attention) split(st *cache.Step, x mlx.Array, heads int, n *Norm) mlx.Array {
	s := st.S
	x = s.Reshape(x, 1, st.Tokens, heads, -1)
	if n != nil && !a.NormsHeads {
		x = n.Forward(s, x)
	}
	x = s.Transpose(x, 0, 2, 1, 3)
	if n != nil && a.NormsHeads {
		x = n.Forward(s, x)
	}
	return x
}

// quantised is quantized_scaled_dot_product_attention of mlx_lm/models/base.py.
func (a *Attention) quantised(st *cache.Step, q mlx.Array, seen cache.Entries, mask mlx.Mask, length int) mlx.Array {
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
		mask = cache.CausalMask(s, st.Tokens, length-st.Tokens, 0)
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
