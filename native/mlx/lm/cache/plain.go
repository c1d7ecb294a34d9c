package cache

import "assay/native/mlx"

// plainCache is KVCache: it grows by whole blocks of 256 slots and keeps all.
type plainCache struct {
	Shape
	keys, values mlx.Array
	offset       int
	capacity     int
}

func (c *plainCache) Position() int { return c.offset }
func (c *plainCache) slots() int    { return c.capacity }
func (c *plainCache) kind() Kind    { return Plain }

func (c *plainCache) Arrays() (keys, values []*mlx.Array) {
	return []*mlx.Array{&c.keys}, []*mlx.Array{&c.values}
}

func (c *plainCache) Mask(st *Step, window int, asArray bool) mlx.Mask {
	return growingMask(st, c.offset, window, asArray)
}

func (c *plainCache) Update(st *Step, k, v mlx.Array) Entries {
	before := c.offset
	c.offset += st.Tokens
	keys := c.appended(st, c.keys, k, before, c.KeyDim)
	values := c.appended(st, c.values, v, before, c.ValueDim)
	c.capacity = c.room(st.Tokens, before)
	st.S.Set(&c.keys, keys)
	st.S.Set(&c.values, values)
	return c.Seen(st)
}

func (c *plainCache) Seen(st *Step) Entries {
	return Entries{
		K: c.span(st.S, c.keys, c.KeyDim, 0, c.offset),
		V: c.span(st.S, c.values, c.ValueDim, 0, c.offset),
	}
}

// room is the capacity after tokens more. Slots beyond the tokens are dropped
// before growing, so a cache that was not filled in whole blocks stays uneven.
func (c *plainCache) room(tokens, before int) int {
	switch {
	case before+tokens <= c.capacity:
		return c.capacity
	case before%cacheBlock != 0:
		return before + growth(tokens)
	}
	return c.capacity + growth(tokens)
}

// appended is the array with new entries written behind those before.
func (c *plainCache) appended(st *Step, all, added mlx.Array, before, dim int) mlx.Array {
	s := st.S
	if before+st.Tokens > c.capacity {
		fresh := s.Zeros(s.Type(added), c.rows(), c.Heads, growth(st.Tokens), dim)
		if !all.Valid() {
			all = fresh
		} else {
			if before%cacheBlock != 0 {
				all = c.span(s, all, dim, 0, before)
			}
			all = s.Concatenate(2, all, fresh)
		}
	}
	return s.SliceUpdate(all, added, []int{0, 0, before, 0}, []int{c.rows(), c.Heads, before + st.Tokens, dim})
}
