package lm

import "assay/native/mlx"

// quantisedCache is QuantizedKVCache: it grows as the plain one, packed.
type quantisedCache struct {
	shape
	quant        mlx.Quantisation
	keys, values packedVariable
	offset       int
	capacity     int
}

// packedVariable is a packed array that outlives the step.
type packedVariable struct{ parts [3]mlx.Array }

func (p *packedVariable) set(s *mlx.Scope, value mlx.Packed) {
	s.Set(&p.parts[0], value.Words)
	s.Set(&p.parts[1], value.Scales)
	s.Set(&p.parts[2], value.Biases)
}

func (p *packedVariable) arrays() []*mlx.Array {
	return []*mlx.Array{&p.parts[0], &p.parts[1], &p.parts[2]}
}

func (c *quantisedCache) position() int   { return c.offset }
func (c *quantisedCache) slots() int      { return c.capacity }
func (c *quantisedCache) kind() CacheKind { return Quantised }

func (c *quantisedCache) arrays() (keys, values []*mlx.Array) {
	return c.keys.arrays(), c.values.arrays()
}

func (c *quantisedCache) mask(st *step, window int, asArray bool) mlx.Mask {
	return growingMask(st, c.offset, window, asArray)
}

func (c *quantisedCache) update(st *step, k, v mlx.Array) entries {
	before := c.offset
	c.offset += st.tokens
	c.append(st, &c.keys, st.s.Quantize(k, c.quant), before, c.keyDim)
	c.append(st, &c.values, st.s.Quantize(v, c.quant), before, c.valueDim)
	grown := plainCache{capacity: c.capacity}
	c.capacity = grown.room(st.tokens, before)
	return entries{quant: c.quant, packedK: c.seen(st, &c.keys, c.keyDim), packedV: c.seen(st, &c.values, c.valueDim)}
}

// widths are the last dimensions of words, scales and biases.
func (c *quantisedCache) widths(dim int) [3]int {
	return [3]int{dim * c.quant.Bits / 32, dim / c.quant.GroupSize, dim / c.quant.GroupSize}
}

// append writes packed entries into all three arrays.
func (c *quantisedCache) append(st *step, all *packedVariable, added mlx.Packed, before, dim int) {
	plain := plainCache{shape: c.shape, capacity: c.capacity}
	for i, part := range []mlx.Array{added.Words, added.Scales, added.Biases} {
		st.s.Set(&all.parts[i], plain.appended(st, all.parts[i], part, before, c.widths(dim)[i]))
	}
}

// seen answers the part that holds tokens.
func (c *quantisedCache) seen(st *step, all *packedVariable, dim int) mlx.Packed {
	var parts [3]mlx.Array
	for i, width := range c.widths(dim) {
		parts[i] = span(st.s, all.parts[i], c.heads, width, 0, c.offset)
	}
	return mlx.Packed{Words: parts[0], Scales: parts[1], Biases: parts[2]}
}
