package cache

import "assay/native/mlx"

// The caches of several sequences at once, after BatchKVCache and BatchRotatingKVCache
// of mlx_lm/models/cache.py: the same arrays as of one sequence with a row for each,
// in which shorter sequences begin behind a padding on the left. mlx-lm keeps paddings
// and offsets as arrays of the device's, here they are numbers of the host's.

// padded is a cache of several sequences.
type padded interface {
	offsets(s *mlx.Scope) mlx.Array
	// finalize puts the padding of a prompt round, which lies on the right, to the left.
	finalize(s *mlx.Scope, right []int)
}

// Finalize puts the paddings of a prompt round, which lie on the right, to the left.
func Finalize(s *mlx.Scope, caches []Cache, right []int) {
	for _, c := range caches {
		if p, ok := c.(padded); ok {
			p.finalize(s, right)
		}
	}
}

// Detach takes the rows of all caches over into arrays of their own, as a prompt's
// batch that begins to generate is copied and filtered.
func Detach(s *mlx.Scope, caches []Cache, rows int) {
	indices := make([]int, rows)
	for i := range indices {
		indices[i] = i
	}
	all := int32s(s, indices, rows)
	for _, c := range caches {
		keys, values := c.Arrays()
		for _, array := range append(keys, values...) {
			if array.Valid() {
				s.Set(array, s.Take(*array, all, 0))
			}
		}
	}
}

// OffsetOf is where the tokens stand that a step is going to append.
func OffsetOf(st *Step, c Cache) Offset {
	at := Offset{First: c.Position()}
	if b, ok := c.(padded); ok {
		at.Each = b.offsets(st.S)
	}
	return at
}

// margins are each row's padding on the left, which falls below 0 as a window moves on,
// and the place that its next token takes in its sequence.
type margins struct{ left, next []int }

func newMargins(rows int) margins { return margins{left: make([]int, rows), next: make([]int, rows)} }

func (m *margins) offsets(s *mlx.Scope) mlx.Array { return int32s(s, m.next, len(m.next)) }

// advance counts a step's tokens.
func (m *margins) advance(tokens int) { shift(m.next, tokens) }

// shift adds a number to all.
func shift(of []int, by int) {
	for i := range of {
		of[i] += by
	}
}

// rolled counts a padding that went from the right to the left.
func (m *margins) rolled(right []int) {
	for i, n := range right {
		m.left[i] += n
		m.next[i] -= n
	}
}

// hidden adds to a mask (tokens, columns) that no row sees its padding: (rows, 1,
// tokens, columns). less is how much of the padding was cut off already.
func (m *margins) hidden(s *mlx.Scope, mask mlx.Array, columns, less int) mlx.Array {
	left := make([]int, len(m.left))
	for i, n := range m.left {
		left[i] = n - less
	}
	seen := s.LessEqual(int32s(s, left, len(left), 1, 1, 1), s.ExpandDims(s.Arange(0, float64(columns), 1, mlx.Int32), 0))
	return s.BitwiseAnd(mask, seen)
}

func int32s(s *mlx.Scope, numbers []int, shape ...int) mlx.Array {
	out := make([]int32, len(numbers))
	for i, n := range numbers {
		out[i] = int32(n)
	}
	return s.Int32s(out, shape...)
}

// rolledRows is dynamic_roll: it shifts each row's tokens, of which there is room for
// slots, by a number of its own.
func rolledRows(s *mlx.Scope, a mlx.Array, slots int, by []int) mlx.Array {
	from := make([]int, 0, len(by)*slots)
	for _, n := range by {
		for i := range slots {
			from = append(from, ((i-n)%slots+slots)%slots)
		}
	}
	return s.TakeAlongAxis(a, int32s(s, from, len(by), 1, slots, 1), 2)
}

// batchPlain is BatchKVCache: it grows by the longest row.
type batchPlain struct {
	plainCache
	margins
}

func (c *batchPlain) Update(st *Step, k, v mlx.Array) Entries {
	c.advance(st.Tokens)
	return c.plainCache.Update(st, k, v)
}

func (c *batchPlain) Mask(st *Step, window int, _ bool) mlx.Mask {
	mask := CausalMask(st.S, st.Tokens, c.offset, window).Array
	return mlx.Mask{Array: c.hidden(st.S, mask, c.offset+st.Tokens, 0)}
}

func (c *batchPlain) finalize(s *mlx.Scope, right []int) {
	s.Set(&c.keys, rolledRows(s, c.keys, c.capacity, right))
	s.Set(&c.values, rolledRows(s, c.values, c.capacity, right))
	c.rolled(right)
}

// batchRotating is BatchRotatingKVCache: a ring without first tokens that are kept.
type batchRotating struct {
	rotatingCache
	margins
	rotated bool // the newest token lies before the oldest
}

// Mask follows make_mask.
func (c *batchRotating) Mask(st *Step, window int, _ bool) mlx.Mask {
	s := st.S
	if window == 0 {
		window = c.window
	}
	offset := min(c.window-1, c.offset)
	less := max(0, c.index-c.window)
	if st.Tokens > 1 {
		less = max(0, c.index-c.window+1)
	}
	turned := st.Tokens == 1 && (c.rotated || c.index >= c.window)
	if turned {
		less++
	}
	mask := c.hidden(s, CausalMask(s, st.Tokens, offset, window).Array, offset+st.Tokens, less)
	if turned {
		at := c.index
		if at >= c.window {
			at = 0
		}
		mask = s.Roll(mask, at+1, -1)
	}
	return mlx.Mask{Array: mask}
}

func (c *batchRotating) Update(st *Step, k, v mlx.Array) Entries {
	defer c.advance(st.Tokens)
	if st.Tokens > 1 {
		return c.append(st, k, v)
	}
	return c.turn(st, k, v)
}

// append is _update_concat.
func (c *batchRotating) append(st *Step, k, v mlx.Array) Entries {
	s := st.S
	if c.width == 0 {
		s.Set(&c.keys, k)
		s.Set(&c.values, v)
		c.width = st.Tokens
	} else {
		c.inOrder(s)
		drop := max(0, c.index-c.window+1)
		shift(c.left, -drop)
		s.Set(&c.keys, s.Concatenate(2, c.span(s, c.keys, c.KeyDim, drop, c.index), k))
		s.Set(&c.values, s.Concatenate(2, c.span(s, c.values, c.ValueDim, drop, c.index), v))
		c.width = c.index - drop + st.Tokens
	}
	c.offset += st.Tokens
	c.index = c.width
	return Entries{K: c.keys, V: c.values}
}

// inOrder is _temporal_order.
func (c *batchRotating) inOrder(s *mlx.Scope) {
	if !c.rotated {
		return
	}
	s.Set(&c.keys, s.Roll(c.keys, -c.index, 2))
	s.Set(&c.values, s.Roll(c.values, -c.index, 2))
	c.index, c.rotated = c.width, false
}

// turn is _update_in_place.
func (c *batchRotating) turn(st *Step, k, v mlx.Array) Entries {
	before := c.width
	if before > c.window {
		shift(c.left, c.window-before)
	}
	// The ring of one sequence writes at its beginning once it is full, as this does.
	full := c.index >= c.window || before > c.window
	if full {
		c.rotated = true
	}
	if c.rotated {
		shift(c.left, -1)
	}
	return c.rotate(st, k, v)
}

func (c *batchRotating) finalize(s *mlx.Scope, right []int) {
	s.Set(&c.keys, rolledRows(s, c.keys, c.width, right))
	s.Set(&c.values, rolledRows(s, c.values, c.width, right))
	c.rolled(right)
}
