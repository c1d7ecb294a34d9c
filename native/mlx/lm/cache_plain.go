package lm

import "assay/native/mlx"

// shape is what one layer caches for a token.
type shape struct{ heads, keyDim, valueDim int }

// plainCache is KVCache: it grows by whole blocks of 256 slots and keeps all.
type plainCache struct {
	shape
	keys, values mlx.Array
	offset       int
	capacity     int
}

func (c *plainCache) position() int   { return c.offset }
func (c *plainCache) slots() int      { return c.capacity }
func (c *plainCache) kind() CacheKind { return Plain }

func (c *plainCache) arrays() (keys, values []*mlx.Array) {
	return []*mlx.Array{&c.keys}, []*mlx.Array{&c.values}
}

func (c *plainCache) mask(st *step, window int, asArray bool) mlx.Mask {
	return growingMask(st, c.offset, window, asArray)
}

func (c *plainCache) update(st *step, k, v mlx.Array) entries {
	before := c.offset
	c.offset += st.tokens
	keys := c.appended(st, c.keys, k, before, c.keyDim)
	values := c.appended(st, c.values, v, before, c.valueDim)
	c.capacity = c.room(st.tokens, before)
	st.s.Set(&c.keys, keys)
	st.s.Set(&c.values, values)
	return entries{
		k: span(st.s, c.keys, c.heads, c.keyDim, 0, c.offset),
		v: span(st.s, c.values, c.heads, c.valueDim, 0, c.offset),
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
func (c *plainCache) appended(st *step, all, added mlx.Array, before, dim int) mlx.Array {
	s := st.s
	if before+st.tokens > c.capacity {
		fresh := s.Zeros(s.Type(added), 1, c.heads, growth(st.tokens), dim)
		if !all.Valid() {
			all = fresh
		} else {
			if before%cacheBlock != 0 {
				all = span(s, all, c.heads, dim, 0, before)
			}
			all = s.Concatenate(2, all, fresh)
		}
	}
	return s.SliceUpdate(all, added, []int{0, 0, before, 0}, []int{1, c.heads, before + st.tokens, dim})
}

// quantised is to_quantized: the whole capacity packed. The plain arrays are
// released, but live until the packed ones are computed.
func (c *plainCache) quantised(st *step, q mlx.Quantisation) *quantisedCache {
	packed := &quantisedCache{shape: c.shape, quant: q, offset: c.offset, capacity: c.capacity}
	packed.keys.set(st.s, st.s.Quantize(c.keys, q))
	packed.values.set(st.s, st.s.Quantize(c.values, q))
	st.s.Free(&c.keys, &c.values)
	return packed
}
