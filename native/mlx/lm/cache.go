package lm

import "assay/native/mlx"

// cache is the keys and values of one layer, after mlx_lm/models/cache.py.
type cache interface {
	// position is the number of tokens seen, which rotary embeddings start from.
	position() int
	// update appends keys and values (1, heads, tokens, dim) and answers all
	// that attention is to see.
	update(st *step, k, v mlx.Array) entries
	// mask is what the tokens of a step may see of the cache and of each other;
	// window 0 is none, asArray asks for an array where a name would do.
	mask(st *step, window int, asArray bool) mlx.Mask
	// arrays are the variables that hold the cache: keys first, then values.
	arrays() (keys, values []*mlx.Array)
	// slots is how many tokens there is room for.
	slots() int
	kind() CacheKind
}

// CacheKind names a cache's way of growing.
type CacheKind string

// The kinds of cache: KVCache, RotatingKVCache and QuantizedKVCache of mlx-lm.
const (
	Plain     CacheKind = "plain"
	Rotating  CacheKind = "rotating"
	Quantised CacheKind = "quantised"
)

// entries are keys and values as attention reads them: plain arrays, or packed
// ones where quant is set.
type entries struct {
	k, v             mlx.Array
	packedK, packedV mlx.Packed
	quant            mlx.Quantisation
}

// step is one pass of tokens through the network.
type step struct {
	s      *mlx.Scope
	tokens int
}

// growth is how many slots a cache grows by for n tokens: blocks of 256.
func growth(n int) int { return (n + cacheBlock - 1) / cacheBlock * cacheBlock }

// cacheBlock is KVCache.step.
const cacheBlock = 256

// causalMask is create_causal_mask of mlx_lm/models/base.py: (tokens,
// offset + tokens), true where a token may look.
func causalMask(s *mlx.Scope, tokens, offset, window int) mlx.Mask {
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
func growingMask(st *step, offset, window int, asArray bool) mlx.Mask {
	switch {
	case window > 0:
		return causalMask(st.s, st.tokens, offset, window)
	case st.tokens == 1:
		return mlx.Mask{}
	case asArray:
		return causalMask(st.s, st.tokens, offset, 0)
	}
	return mlx.Mask{Causal: true}
}

// span is the slice [from, to) of the token axis of keys or values.
func span(s *mlx.Scope, a mlx.Array, heads, dim, from, to int) mlx.Array {
	return s.Slice(a, []int{0, 0, from, 0}, []int{1, heads, to, dim})
}
