package lm

import "assay/native/mlx"

// attention is the Attention of mlx-lm's models; what a family does not have
// is left nil.
type attention struct {
	shape
	queryHeads int
	scale      float32

	q, k, v, o   *linear
	qkv          *linear // in place of q, k and v (phi3)
	qNorm, kNorm *norm
	// normsHeads: the norms come after the heads are made an axis (gemma3),
	// where qwen3 has them before.
	normsHeads bool
	rope       *rotary
	sinks      mlx.Array
	// softcap and the query's scale in gemma2, which computes attention itself.
	softcap float64
}

func (a *attention) forward(st *step, x mlx.Array, mask mlx.Mask, c cache) mlx.Array {
	s := st.s
	q, k, v := a.project(st, x)
	offset := c.position()
	q = a.rope.forward(st, q, a.queryHeads, offset)
	k = a.rope.forward(st, k, a.heads, offset)
	seen := c.update(st, k, v)
	var out mlx.Array
	switch {
	case a.softcap > 0:
		out = a.softcapped(st, q, seen, mask)
	case seen.quant.Bits != 0:
		out = a.quantised(st, q, seen, mask, c.position())
	default:
		out = s.Attention(q, seen.k, seen.v, a.scale, mask, a.sinks)
	}
	out = s.Reshape(s.Transpose(out, 0, 2, 1, 3), 1, st.tokens, -1)
	return a.o.forward(s, out)
}

// project answers queries, keys and values as (1, heads, tokens, dim).
func (a *attention) project(st *step, x mlx.Array) (q, k, v mlx.Array) {
	s := st.s
	if a.qkv != nil {
		end := a.queryHeads * a.keyDim
		parts := s.Split(a.qkv.forward(s, x), -1, end, end+a.heads*a.keyDim)
		q, k, v = parts[0], parts[1], parts[2]
	} else {
		q, k, v = a.q.forward(s, x), a.k.forward(s, x), a.v.forward(s, x)
	}
	q = a.split(st, q, a.queryHeads, a.qNorm)
	k = a.split(st, k, a.heads, a.kNorm)
	return q, k, a.split(st, v, a.heads, nil)
}

func (a *attention) split(st *step, x mlx.Array, heads int, n *norm) mlx.Array {
	s := st.s
	x = s.Reshape(x, 1, st.tokens, heads, -1)
	if n != nil && !a.normsHeads {
		x = n.forward(s, x)
	}
	x = s.Transpose(x, 0, 2, 1, 3)
	if n != nil && a.normsHeads {
		x = n.forward(s, x)
	}
	return x
}

// quantised is quantized_scaled_dot_product_attention of mlx_lm/models/base.py.
func (a *attention) quantised(st *step, q mlx.Array, seen entries, mask mlx.Mask, length int) mlx.Array {
	s, repeats := st.s, a.queryHeads/a.heads
	dtype := s.Type(q)
	q = s.Multiply(q, s.Scalar(float64(a.scale), dtype))
	keys, values := seen.packedK, seen.packedV
	if repeats > 1 {
		q = s.Reshape(q, 1, a.heads, repeats, st.tokens, a.keyDim)
		keys, values = expanded(s, keys), expanded(s, values)
	}
	scores := s.QuantizedMatmul(q, keys, true, seen.quant)
	if mask.Causal {
		mask = causalMask(s, st.tokens, length-st.tokens, 0)
	}
	if mask.Array.Valid() {
		scores = s.Where(mask.Array, scores, s.Scalar(lowest(dtype), dtype))
	}
	out := s.QuantizedMatmul(s.Softmax(scores), values, false, seen.quant)
	if repeats > 1 {
		out = s.Reshape(out, 1, a.queryHeads, st.tokens, a.valueDim)
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

// lowest is mx.finfo(dtype).min.
func lowest(t mlx.DType) float64 {
	switch t {
	case mlx.Float16:
		return -65504
	case mlx.BFloat16:
		return -0x1.fep127
	}
	return -0x1.fffffep127
}

// softcapped is gemma2's attention (mlx_lm/models/gemma2.py).
func (a *attention) softcapped(st *step, q mlx.Array, seen entries, mask mlx.Mask) mlx.Array {
	s, repeats := st.s, a.queryHeads/a.heads
	dtype := s.Type(q)
	q = s.Multiply(q, s.Scalar(float64(a.scale), dtype))
	k, v := seen.k, seen.v
	if repeats > 1 {
		q = s.Reshape(q, 1, a.heads, repeats, st.tokens, a.keyDim)
		k, v = s.ExpandDims(k, 2), s.ExpandDims(v, 2)
	}
	limit := s.Scalar(a.softcap, dtype)
	scores := s.Matmul(q, s.SwapAxes(k, -1, -2))
	scores = s.Multiply(s.Tanh(s.Divide(scores, limit)), limit)
	if mask.Array.Valid() {
		scores = s.Where(mask.Array, scores, s.Scalar(lowest(dtype), dtype))
	}
	out := s.Matmul(s.Softmax(scores), v)
	if repeats > 1 {
		out = s.Reshape(out, 1, a.queryHeads, st.tokens, a.valueDim)
	}
	return out
}
