package cache

import "assay/native/mlx"

// rotatingCache is RotatingKVCache: it holds the first keep tokens and the last
// of a window, in a ring once single tokens come.
type rotatingCache struct {
	Shape
	keys, values mlx.Array
	window, keep int
	offset       int
	width        int // slots allocated
	index        int // where the next token goes
}

func (c *rotatingCache) Position() int { return c.offset }
func (c *rotatingCache) slots() int    { return c.width }
func (c *rotatingCache) kind() Kind    { return Rotating }

func (c *rotatingCache) Arrays() (keys, values []*mlx.Array) {
	return []*mlx.Array{&c.keys}, []*mlx.Array{&c.values}
}

// Mask follows make_mask. A single token sees the whole ring: no model here
// has a window smaller than its cache.
func (c *rotatingCache) Mask(st *Step, window int, asArray bool) mlx.Mask {
	if st.Tokens == 1 {
		return mlx.Mask{}
	}
	if window == 0 {
		window = c.window
	}
	offset := min(c.window-1, c.offset)
	if offset+st.Tokens > window || asArray {
		return CausalMask(st.S, st.Tokens, offset, window)
	}
	return mlx.Mask{Causal: true}
}

func (c *rotatingCache) Update(st *Step, k, v mlx.Array) Entries {
	if st.Tokens == 1 {
		return c.rotate(st, k, v)
	}
	return c.concatenate(st, k, v)
}

// concatenate takes several tokens: the ring is put in order of time, all but
// the last window - 1 are dropped, and the new ones follow.
func (c *rotatingCache) concatenate(st *Step, k, v mlx.Array) Entries {
	s := st.S
	if c.width == 0 {
		s.Set(&c.keys, k)
		s.Set(&c.values, v)
		c.width = st.Tokens
	} else {
		ordered := c.width
		if c.index < c.width && c.index >= c.offset {
			ordered = c.index
		}
		drop := ordered - c.window + 1
		keys := c.trimmed(s, c.ordered(s, c.keys, c.KeyDim), c.KeyDim, ordered, drop, k)
		values := c.trimmed(s, c.ordered(s, c.values, c.ValueDim), c.ValueDim, ordered, drop, v)
		s.Set(&c.keys, keys)
		s.Set(&c.values, values)
		c.width = c.kept(ordered, drop) + st.Tokens
	}
	c.offset += st.Tokens
	c.index = c.width
	return Entries{K: c.keys, V: c.values}
}

// ordered is _temporal_order: the entries from the oldest to the newest.
func (c *rotatingCache) ordered(s *mlx.Scope, a mlx.Array, dim int) mlx.Array {
	switch {
	case c.index == c.width:
		return a
	case c.index < c.offset:
		return s.Concatenate(2,
			c.span(s, a, dim, 0, c.keep),
			c.span(s, a, dim, c.index, c.width),
			c.span(s, a, dim, c.keep, c.index))
	}
	return c.span(s, a, dim, 0, c.index)
}

// trimmed is _trim: drop entries behind the kept ones, then append.
func (c *rotatingCache) trimmed(s *mlx.Scope, a mlx.Array, dim, width, drop int, appended ...mlx.Array) mlx.Array {
	parts := []mlx.Array{a}
	if drop > 0 {
		parts = []mlx.Array{
			c.span(s, a, dim, 0, c.keep),
			c.span(s, a, dim, min(drop+c.keep, width), width),
		}
	}
	return s.Concatenate(2, append(parts, appended...)...)
}

// kept is how many of width slots remain when some are dropped.
func (c *rotatingCache) kept(width, drop int) int {
	if drop <= 0 {
		return width
	}
	return c.keep + max(0, width-drop-c.keep)
}

// rotate takes one token: the cache grows by a block until the window is full,
// then the oldest entry is overwritten.
func (c *rotatingCache) rotate(st *Step, k, v mlx.Array) Entries {
	s := st.S
	keys, values := c.keys, c.values
	if c.width == 0 || c.offset >= c.width && c.width < c.window {
		added := min(cacheBlock, c.window-c.offset)
		keys = c.grown(s, keys, s.Type(k), added, c.KeyDim)
		values = c.grown(s, values, s.Type(v), added, c.ValueDim)
		c.width += added
		c.index = c.offset
	}
	if drop := c.width - c.window; drop > 0 {
		keys = c.trimmed(s, keys, c.KeyDim, c.width, drop)
		values = c.trimmed(s, values, c.ValueDim, c.width, drop)
		c.width = c.kept(c.width, drop)
		c.index = c.window
	}
	if c.index == c.window {
		c.index = c.keep
	}
	s.Set(&c.keys, s.SliceUpdate(keys, k, []int{0, 0, c.index, 0}, []int{c.rows(), c.Heads, c.index + 1, c.KeyDim}))
	s.Set(&c.values, s.SliceUpdate(values, v, []int{0, 0, c.index, 0}, []int{c.rows(), c.Heads, c.index + 1, c.ValueDim}))
	c.offset++
	c.index++
	return c.Seen(st)
}

// Seen is the part of the ring that holds tokens; a prompt fills all of it.
func (c *rotatingCache) Seen(st *Step) Entries {
	s := st.S
	if c.offset < c.width {
		return Entries{
			K: c.span(s, c.keys, c.KeyDim, 0, c.offset),
			V: c.span(s, c.values, c.ValueDim, 0, c.offset),
		}
	}
	return Entries{K: c.keys, V: c.values}
}

func (c *rotatingCache) grown(s *mlx.Scope, a mlx.Array, t mlx.DType, added, dim int) mlx.Array {
	fresh := s.Zeros(t, c.rows(), c.Heads, added, dim)
	if c.width == 0 {
		return fresh
	}
	return s.Concatenate(2, a, fresh)
}
