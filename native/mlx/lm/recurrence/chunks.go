package recurrence

import (
	"math/bits"

	"assay/native/mlx"
	"assay/native/mlx/lm/cache"
)

// ChunkTokens is how many tokens a recurrence computes by products at a time;
// fewer where a step has fewer: the power of two that holds them.
const ChunkTokens = 64

// chunkOf is the chunk for a number of tokens.
func chunkOf(tokens int) int { return min(ChunkTokens, 1<<bits.Len(uint(tokens-1))) }

// inChunks makes (1, tokens, heads, ...) into float32 of (chunks, heads, chunk, ...),
// with zeros behind the last token, which change no state.
func inChunks(s *mlx.Scope, x mlx.Array, chunk int) mlx.Array {
	shape := append([]int{}, s.Shape(x)...)
	if len(shape) < 3 {
		return x // an earlier operation failed
	}
	x = s.AsType(x, mlx.Float32)
	chunks := (shape[1] + chunk - 1) / chunk
	if missing := chunks*chunk - shape[1]; missing > 0 {
		padding := append([]int{1, missing}, shape[2:]...)
		x = s.Concatenate(1, x, s.Zeros(mlx.Float32, padding...))
	}
	x = s.Reshape(x, append([]int{chunks, chunk}, shape[2:]...)...)
	return s.SwapAxes(x, 1, 2)
}

// outOfChunks is inChunks of (chunks, heads, chunk, dim) undone.
func outOfChunks(st *cache.Step, x mlx.Array, heads, dim int) mlx.Array {
	s := st.S
	x = s.Reshape(s.SwapAxes(x, 1, 2), 1, -1, heads, dim)
	return s.Slice(x, []int{0, 0, 0, 0}, []int{1, st.Tokens, heads, dim})
}

// segments takes the logarithms of decays (..., chunk) and returns, for each pair
// of tokens i >= j, the decay between them, exp(a[j+1] + ... + a[i]), and 0 above
// the diagonal. Sums of segments stay exact where differences of a running sum
// cancel (facts by measurement: 3e-4 at resets, NaN where a decay is 0).
func segments(s *mlx.Scope, a mlx.Array, shape []int) mlx.Array {
	rows := s.Tril(s.BroadcastTo(s.ExpandDims(a, -1), shape...), -1)
	return s.Tril(s.Exp(s.CumSum(rows, -2)), 0)
}

// inRows is the rule for several tokens of several sequences, whose heads it takes as
// those of one. A token that pads decays nothing and writes nothing.
func (d *Delta) inRows(st *cache.Step, qkv [3]mlx.Array, in DeltaInput, before mlx.Array) (y, after mlx.Array) {
	s, rows := st.S, st.Rows
	logarithms, writes := s.Call(logOfDecay, d.aLog, in.A, d.dtBias), s.Sigmoid(in.B)
	if within := insideOf(st); within.Valid() {
		within = s.ExpandDims(within, -1)
		logarithms = s.Where(within, logarithms, s.Scalar(0, s.Type(logarithms)))
		writes = s.Where(within, writes, s.Scalar(0, s.Type(writes)))
	}
	if rows == 1 {
		return d.chunks(st, qkv, logarithms, writes, before)
	}
	joined := func(x mlx.Array, tail ...int) mlx.Array { // (rows, tokens, heads, ...) as (1, tokens, rows·heads, ...)
		return s.Reshape(s.SwapAxes(x, 0, 1), append([]int{1, st.Tokens, -1}, tail...)...)
	}
	qkv = [3]mlx.Array{joined(qkv[0], d.KeyDim), joined(qkv[1], d.KeyDim), joined(qkv[2], d.ValueDim)}
	wide := *d
	wide.KeyHeads, wide.ValueHeads = rows*d.KeyHeads, rows*d.ValueHeads
	y, after = wide.chunks(st, qkv, joined(logarithms), joined(writes), before)
	y = s.SwapAxes(s.Reshape(y, st.Tokens, rows, d.ValueHeads, d.ValueDim), 0, 1)
	return y, s.Reshape(after, rows, d.ValueHeads, d.ValueDim, d.KeyDim)
}

// chunks is the rule for several tokens, in its WY form (Yang et al., Parallelizing
// Linear Transformers with the Delta Rule, 2024, section 3; with decay as in Gated
// Delta Networks, section 3.3). In a chunk, with G the running sum of the decays'
// logarithms and D their segments, and K, Q, V a row a token:
//
//	T = (I + tril(β·D·KKᵀ, -1))⁻¹
//	Δ = T·β·(V − e^G·K·Sᵀ),   Y = e^G·Q·Sᵀ + (D·QKᵀ)·Δ,   S' = e^G[last]·S + (D[last]·Δ)ᵀ·K
//
// Only the last line depends on the chunk before.
//
// logarithms and writes are those of decay and β (1, tokens, value heads).
func (d *Delta) chunks(st *cache.Step, qkv [3]mlx.Array, logarithms, writes, before mlx.Array) (y, after mlx.Array) {
	s, c := st.S, chunkOf(st.Tokens)
	shared, n := d.ValueHeads/d.KeyHeads, (st.Tokens+c-1)/c
	grouped := func(x mlx.Array, tail ...int) mlx.Array {
		return s.Reshape(x, append([]int{n, d.KeyHeads, shared}, tail...)...)
	}
	q, k, v := inChunks(s, qkv[0], c), inChunks(s, qkv[1], c), inChunks(s, qkv[2], c)
	logs := grouped(inChunks(s, logarithms, c), c)
	beta := grouped(inChunks(s, writes, c), c)
	kq := s.Concatenate(2, k, q)
	products := s.ExpandDims(s.Matmul(kq, s.SwapAxes(k, -1, -2)), 2) // KKᵀ over QKᵀ
	between := segments(s, logs, []int{n, d.KeyHeads, shared, c, c})
	half := func(x mlx.Array, from int) mlx.Array {
		return s.Slice(x, []int{0, 0, 0, from, 0}, []int{n, d.KeyHeads, 1, from + c, c})
	}
	a := s.Multiply(s.ExpandDims(beta, -1), s.Multiply(between, half(products, 0)))
	inverse := s.Multiply(unitInverse(s, s.Tril(a, -1), []int{n, d.KeyHeads, shared}, c), s.ExpandDims(beta, -2))
	running := s.ExpandDims(s.Exp(s.CumSum(logs, -1)), -1)
	w := deltaChunks{
		d: d, size: c, shared: shared,
		kq: s.ExpandDims(kq, 2), keys: s.ExpandDims(s.SwapAxes(k, -1, -2), 2), v: grouped(v, c, d.ValueDim),
		running: s.Concatenate(-2, running, running), inverse: inverse,
		scores: s.Multiply(between, half(products, c)),
		last:   s.SwapAxes(s.Slice(between, []int{0, 0, 0, c - 1, 0}, []int{n, d.KeyHeads, shared, c, c}), -1, -2),
	}
	state := s.SwapAxes(s.Reshape(before, d.KeyHeads, shared, d.ValueDim, d.KeyDim), -1, -2)
	outputs := make([]mlx.Array, n)
	for i := range n {
		outputs[i], state = w.chunk(s, i, state)
	}
	y = s.Reshape(s.Concatenate(0, outputs...), n, d.ValueHeads, c, d.ValueDim)
	after = s.Reshape(s.SwapAxes(state, -1, -2), 1, d.ValueHeads, d.ValueDim, d.KeyDim)
	return s.AsType(outOfChunks(st, y, d.ValueHeads, d.ValueDim), s.Type(qkv[0])), after
}

// deltaChunks is what all chunks share, computed for all at once.
type deltaChunks struct {
	d            *Delta
	size, shared int
	// kq (n, key heads, 1, 2 chunk, key dim), keys transposed, v (n, key heads,
	// shared, chunk, value dim); running decays for kq's rows; the inverse times β;
	// scores (D·QKᵀ); the last row of D as a column.
	kq, keys, v, running, inverse, scores, last mlx.Array
}

// chunk computes chunk i from the state's transpose (key heads, shared, key dim,
// value dim).
func (w *deltaChunks) chunk(s *mlx.Scope, i int, state mlx.Array) (y, after mlx.Array) {
	heads, c, values := w.d.KeyHeads, w.size, w.d.ValueDim
	of := func(x mlx.Array, shared, rows, columns int) mlx.Array {
		return s.Slice(x, []int{i, 0, 0, 0, 0}, []int{i + 1, heads, shared, rows, columns})
	}
	running := of(w.running, w.shared, 2*c, 1)
	seen := s.Multiply(running, s.Matmul(of(w.kq, 1, 2*c, w.d.KeyDim), state))
	part := func(from int) mlx.Array {
		return s.Slice(seen, []int{0, 0, 0, from, 0}, []int{1, heads, w.shared, from + c, values})
	}
	delta := s.Matmul(of(w.inverse, w.shared, c, c), s.Subtract(of(w.v, w.shared, c, values), part(0)))
	y = s.Add(part(c), s.Matmul(of(w.scores, w.shared, c, c), delta))
	end := s.Slice(running, []int{0, 0, 0, c - 1, 0}, []int{1, heads, w.shared, c, 1})
	written := s.Matmul(of(w.keys, 1, w.d.KeyDim, c), s.Multiply(of(w.last, w.shared, c, 1), delta))
	return y, s.Add(s.Multiply(end, state), written)
}

// inverseBlock is up to which size the inverse is made by doubling.
const inverseBlock = 16

// unitInverse is (I + a)⁻¹ for strictly lower triangular a (lead..., size, size),
// size a power of two: by doubling in blocks of 16 along the diagonal, T ← T −
// T·(a·M)·T with M the lower left quarter of each pair of blocks, which are then
// joined in pairs. A series of powers would need as many products, and breaks
// down where keys resemble each other (1e9 at 32 tokens; this stays at 1e-6).
func unitInverse(s *mlx.Scope, a mlx.Array, lead []int, size int) mlx.Array {
	rows := lead[0] * lead[1] * lead[2]
	a = s.Reshape(a, rows, size, size)
	width := min(inverseBlock, size)
	blocks := make([]mlx.Array, size/width)
	for i := range blocks {
		blocks[i] = s.Slice(a, []int{0, i * width, i * width}, []int{rows, (i + 1) * width, (i + 1) * width})
	}
	inverse := doubled(s, s.Stack(1, blocks...), width)
	for ; width < size; width *= 2 {
		inverse = joined(s, a, inverse, [3]int{rows, size, width})
	}
	return s.Reshape(inverse, append(lead, size, size)...)
}

// doubled inverts each I + block.
func doubled(s *mlx.Scope, block mlx.Array, size int) mlx.Array {
	identity, inverse := make([]float32, size*size), mlx.Array{}
	for i := range size {
		identity[i*size+i] = 1
	}
	for width := 1; width < size; width *= 2 {
		mask := make([]float32, size*size)
		for i := range size {
			for j := range i {
				if i/(2*width) == j/(2*width) && i/width != j/width {
					mask[i*size+j] = 1
				}
			}
		}
		below := s.Multiply(block, s.Float32s(mask, size, size))
		if width == 1 {
			inverse = s.Subtract(s.Float32s(identity, size, size), below)
			continue
		}
		inverse = s.Subtract(inverse, s.Matmul(s.Matmul(inverse, below), inverse))
	}
	return inverse
}

// joined makes inverses of blocks (rows, size/width, width, width) into those of
// twice the width: [[I1, 0], [−I2·A21·I1, I2]].
func joined(s *mlx.Scope, a, inverse mlx.Array, sizes [3]int) mlx.Array {
	rows, size, width := sizes[0], sizes[1], sizes[2]
	pairs := size / width / 2
	below := make([]mlx.Array, pairs)
	for i := range below {
		at := 2 * i * width
		below[i] = s.Slice(a, []int{0, at + width, at}, []int{rows, at + 2*width, at + width})
	}
	paired := s.Reshape(inverse, rows, pairs, 2, width, width)
	of := func(k int) mlx.Array {
		part := s.Slice(paired, []int{0, 0, k, 0, 0}, []int{rows, pairs, k + 1, width, width})
		return s.Squeeze(part, 2)
	}
	first, second := of(0), of(1)
	corner := s.Negative(s.Matmul(s.Matmul(second, s.Stack(1, below...)), first))
	upper := s.Concatenate(-1, first, s.Zeros(mlx.Float32, rows, pairs, width, width))
	return s.Concatenate(-2, upper, s.Concatenate(-1, corner, second))
}
