package cost

import (
	"math/bits"

	"assay/predict/arch"
	"assay/predict/kv"
)

// mlxChunkTokens is how many tokens assay's passes compute of a recurrence by
// products at a time (native/mlx/lm/recurrence): 64, or the power of two that holds
// fewer. mlx-lm on a GPU has kernels of its own, whose graph has no products.
const mlxChunkTokens = 64

// inverseBlock is up to which size the inverse of a chunk is made by doubling.
const inverseBlock = 16

// recurrent counts a layer's state. whole says that what the layer gives is
// wanted, not its state alone.
func (c *mlxCounter) recurrent(t kv.MLXTraffic, call mlxCall) {
	r := c.facts.Layers[t.Layer].Recurrent
	flops := c.rows * recurrence(r, call.tokens, c.reaches(t.Layer, call))
	c.add(Attention, "f32", "", flops, t.ReadBytes)
	if flops > 0 {
		c.attend("f32", flops, 0, flops, 0)
	}
}

// recurrence are the products of a state-space layer or a gated delta rule over a
// step's tokens; one token has none (multiplications and sums alone).
func recurrence(r *arch.Recurrent, tokens int64, whole bool) int64 {
	if tokens < 2 {
		return 0
	}
	chunk := min(mlxChunkTokens, int64(1)<<bits.Len64(uint64(tokens-1)))
	padded := (tokens + chunk - 1) / chunk * chunk
	switch r.Kind {
	case "gated-delta":
		return padded * deltaOperations(r, chunk, whole)
	case "mamba2":
		return padded * ssmOperations(r, chunk, whole)
	}
	return 0
}

// deltaOperations are those of a token of the gated delta rule in its WY form
// (arXiv 2412.06464, section 3.3): keys with keys and queries for each key head,
// and for each value head the state read for both, the inverse applied, scores
// with what was written, the state written, and the inverse itself.
func deltaOperations(r *arch.Recurrent, chunk int64, whole bool) int64 {
	key, value := r.State, r.Inner/r.Heads
	head := 6*key*value + 4*chunk*value + inverseOperations(chunk)
	if !whole {
		head -= 2 * chunk * value // scores
	}
	return r.Groups*4*chunk*key + r.Heads*head
}

// inverseOperations are those of a token of the inverse of a triangle: doubling in
// blocks of 16, which are joined in pairs.
func inverseOperations(chunk int64) int64 {
	width := min(inverseBlock, chunk)
	doublings := int64(bits.Len64(uint64(width)) - 2) // the first has no product
	operations := max(0, doublings) * 4 * width * width
	for ; width < chunk; width *= 2 {
		operations += 2 * width * width
	}
	return operations
}

// ssmOperations are those of a token of Mamba-2 in chunks (arXiv 2405.21060,
// section 6): B with C for each group; scores with inputs, the state written and
// read for each head.
func ssmOperations(r *arch.Recurrent, chunk int64, whole bool) int64 {
	dim := r.Inner / r.Heads
	written := r.Heads * 2 * dim * r.State
	if !whole {
		return written
	}
	return r.Groups*2*chunk*r.State + r.Heads*(2*chunk*dim+2*dim*r.State) + written
}
