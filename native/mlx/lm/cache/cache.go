// Package cache holds keys and values as mlx-lm's caches do (mlx_lm/models/cache.py):
// the same arrays, which grow at the same calls. It must not know which layer of
// which model a cache belongs to.
package cache

import "assay/native/mlx"

// Cache is what one layer keeps between steps, after mlx_lm/models/cache.py.
type Cache interface {
	// Position is the number of tokens seen.
	Position() int
	// Arrays are the variables that hold the cache: keys first, then values.
	Arrays() (keys, values []*mlx.Array)
	// slots is how many tokens there is room for.
	slots() int
	kind() Kind
}

// KV is a Cache of keys and values.
type KV interface {
	Cache
	// Update appends keys and values (rows, heads, tokens, dim) and returns all
	// that attention is to see.
	Update(st *Step, k, v mlx.Array) Entries
	// Seen is what the last Update returned, read again (keys_and_values).
	Seen(st *Step) Entries
	// Mask is what the tokens of a step may see of the cache and of each other;
	// window 0 is none, asArray asks for an array where a name would do.
	Mask(st *Step, window int, asArray bool) mlx.Mask
}

// Kind names a cache's way of growing.
type Kind string

// The kinds of cache: KVCache, RotatingKVCache, QuantizedKVCache, ChunkedKVCache
// and ArraysCache of mlx-lm.
const (
	Plain     Kind = "plain"
	Rotating  Kind = "rotating"
	Quantised Kind = "quantised"
	Chunked   Kind = "chunked"
	Recurrent Kind = "recurrent"
)

// Entries are keys and values as attention reads them: plain arrays, or packed
// ones where quant is set.
type Entries struct {
	K, V             mlx.Array
	PackedK, PackedV mlx.Packed
	Quant            mlx.Quantisation
	Length           int // tokens in packed ones
}

// Step is one pass of tokens through the network.
type Step struct {
	S *mlx.Scope
	// Rows are the sequences, each with as many Tokens.
	Rows, Tokens int
	// Ends is how many tokens of each row are a prompt's, which the rest pads; nil: all.
	Ends []int
}

// Offset is where a step's tokens stand in their sequences: all at First, or each row
// at a place of its own.
type Offset struct {
	First int
	Each  mlx.Array // int32, (rows)
}

// growth is how many slots a cache grows by for n tokens: blocks of 256.
func growth(n int) int { return (n + cacheBlock - 1) / cacheBlock * cacheBlock }

// cacheBlock is KVCache.step.
const cacheBlock = 256

// CausalMask is create_causal_mask of mlx_lm/models/base.py: (tokens,
// offset + tokens), true where a token may look.
func CausalMask(s *mlx.Scope, tokens, offset, window int) mlx.Mask {
	columns := s.Arange(0, float64(offset+tokens), 1, mlx.Int32)
	rows := columns
	if offset > 0 {
		rows = s.Arange(float64(offset), float64(offset+tokens), 1, mlx.Int32)
	}
	rows, columns = s.ExpandDims(rows, 1), s.ExpandDims(columns, 0)
	mask := s.GreaterEqual(rows, columns)
	if window > 0 {
		mask = s.BitwiseAnd(mask, s.Less(rows, s.Add(columns, s.Scalar(float64(window), mlx.Int32))))
	}
	return mlx.Mask{Array: mask}
}

// growingMask is create_attention_mask of mlx_lm/models/cache.py, for caches
// that keep every token.
func growingMask(st *Step, offset, window int, asArray bool) mlx.Mask {
	switch {
	case window > 0:
		return CausalMask(st.S, st.Tokens, offset, window)
	case st.Tokens == 1:
		return mlx.Mask{}
	case asArray:
		return CausalMask(st.S, st.Tokens, offset, 0)
	}
	return mlx.Mask{Causal: true}
}

// Shape is what one layer caches for a token, of each of Rows sequences (0: one).
type Shape struct{ Heads, KeyDim, ValueDim, Rows int }

func (h Shape) rows() int { return max(1, h.Rows) }

// span is the slice [from, to) of the token axis of keys or values.
func (h Shape) span(s *mlx.Scope, a mlx.Array, dim, from, to int) mlx.Array {
	return s.Slice(a, []int{0, 0, from, 0}, []int{h.rows(), h.Heads, to, dim})
}
