package cache

import "assay/native/mlx"

// quantisedCache is QuantizedKVCache: it grows as the plain one, packed.
type quantisedCache struct {
	Shape
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

func (p *packedVariable) Arrays() []*mlx.Array {
	return []*mlx.Array{&p.parts[0], &p.parts[1], &p.parts[2]}
}

func (c *quantisedCache) Position() int { return c.offset }
func (c *quantisedCache) slots() int    { return c.capacity }
func (c *quantisedCache) kind() Kind    { return Quantised }

func (c *quantisedCache) Arrays() (keys, values []*mlx.Array) {
	return c.keys.Arrays(), c.values.Arrays()
}

func (c *quantisedCache) Mask(st *Step, window int, asArray bool) mlx.Mask {
	return growingMask(st, c.offset, window, asArray)
}

func (c *quantisedCache) Update(st *Step, k, v mlx.Array) Entries {
	before := c.offset
	c.offset += st.Tokens
	c.append(st, &c.keys, st.S.Quantize(k, c.quant), before, c.KeyDim)
	c.append(st, &c.values, st.S.Quantize(v, c.quant), before, c.ValueDim)
	grown := plainCache{capacity: c.capacity}
	c.capacity = grown.room(st.Tokens, before)
	return c.Seen(st)
}

func (c *quantisedCache) Seen(st *Step) Entries {
	return Entries{Quant: c.quant, Length: c.offset, PackedK: c.seen(st, &c.keys, c.KeyDim), PackedV: c.seen(st, &c.values, c.ValueDim)}
}

// widths are the last dimensions of words, scales and biases.
func (c *quantisedCache) widths(dim int) [3]int {
	return [3]int{dim * c.quant.Bits / 32, dim / c.quant.GroupSize, dim / c.quant.GroupSize}
}

// append writes packed entries into all three arrays.
func (c *quantisedCache) append(st *Step, all *packedVariable, added mlx.Packed, before, dim int) {
	plain := plainCache{Shape: c.Shape, capacity: c.capacity}
	for i, part := range []mlx.Array{added.Words, added.Scales, added.Biases} {
		st.S.Set(&all.parts[i], plain.appended(st, all.parts[i], part, before, c.widths(dim)[i]))
	}
}

// seen returns the part that holds tokens.
func (c *quantisedCache) seen(st *Step, all *packedVariable, dim int) mlx.Packed {
	var parts [3]mlx.Array
	for i, width := range c.widths(dim) {
		parts[i] = c.span(st.S, all.parts[i], width, 0, c.offset)
	}
	return mlx.Packed{Words: parts[0], Scales: parts[1], Biases: parts[2]}
}

// quantised is to_quantized: the whole capacity packed. The plain arrays are
// released, but live until the packed ones are computed.
func (c *plainCache) quantised(st *Step, q mlx.Quantisation) *quantisedCache {
	packed := &quantisedCache{Shape: c.Shape, quant: q, offset: c.offset, capacity: c.capacity}
	packed.keys.set(st.S, st.S.Quantize(c.keys, q))
	packed.values.set(st.S, st.S.Quantize(c.values, q))
	st.S.Free(&c.keys, &c.values)
	return packed
}
