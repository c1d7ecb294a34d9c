package cache

import "assay/native/mlx"

// chunkedCache is ChunkedKVCache: a plain cache whose front is cut, before a
// call, to the last chunk of valid tokens.
type chunkedCache struct {
	plainCache
	chunk int
	seen  int // tokens in all; plainCache.offset counts those that are left
}

func (c *chunkedCache) Position() int { return c.seen }
func (c *chunkedCache) kind() Kind    { return Chunked }

// trim is maybe_trim_front.
func (c *chunkedCache) trim(s *mlx.Scope) {
	drop := c.offset - c.chunk
	if drop <= 0 {
		return
	}
	s.Set(&c.keys, c.span(s, c.keys, c.KeyDim, drop, c.offset))
	s.Set(&c.values, c.span(s, c.values, c.ValueDim, drop, c.offset))
	c.offset, c.capacity = c.chunk, c.chunk
}

func (c *chunkedCache) Update(st *Step, k, v mlx.Array) Entries {
	c.trim(st.S)
	c.seen += st.Tokens
	return c.plainCache.Update(st, k, v)
}

// Mask lets a token see those before it in its own chunk (the chunk_mask of
// mlx_lm/models/llama4.py). It is an array for single tokens too.
func (c *chunkedCache) Mask(st *Step, _ int, _ bool) mlx.Mask {
	s := st.S
	c.trim(s)
	chunk := s.Scalar(float64(c.chunk), mlx.Int32)
	keys := s.Arange(float64(c.seen-c.offset), float64(c.seen+st.Tokens), 1, mlx.Int32)
	queries := s.ExpandDims(s.Arange(float64(c.seen), float64(c.seen+st.Tokens), 1, mlx.Int32), 1)
	same := s.Equal(s.FloorDivide(keys, chunk), s.FloorDivide(queries, chunk))
	return mlx.Mask{Array: s.BitwiseAnd(same, s.LessEqual(keys, queries))}
}
