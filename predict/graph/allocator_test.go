package graph

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// line makes a graph of the outputs and says what it reserves.
func line(outputs ...*tensor) int64 {
	g := &dag{seen: map[*tensor]bool{}}
	for _, t := range outputs {
		t.output = true
		g.expand(t)
	}
	return reserve(g, (*tensor).bytes)
}

// TestReserve: each rule of ggml's allocator on a graph that shows it, in units
// of a tensor of 64 bytes.
func TestReserve(t *testing.T) {
	const unit = 64
	x := func() *tensor { return input(f32, 16) }
	copyOf := func(t *tensor) *tensor { return cont(t) }
	for name, tt := range map[string]struct {
		want  int64
		graph func() *tensor
	}{
		"a result beside its source":        {2, func() *tensor { return copyOf(x()) }},
		"a source is free after its reader": {2, func() *tensor { return copyOf(copyOf(copyOf(x()))) }},
		"in place":                          {1, func() *tensor { return scaled(x()) }},
		"not in place: a second reader":     {2, func() *tensor { a := x(); return add(scaled(a), a) }},
		"the sum takes its first's place":   {2, func() *tensor { return add(x(), x()) }},
		"not in place: through a view":      {2, func() *tensor { return scaled(reshaped(x(), 4, 4)) }},
		"a view keeps its owner":            {3, func() *tensor { a := x(); v := reshaped(a, 4, 4); return add(copyOf(v), copyOf(v)) }},
		"what is held takes nothing":        {1, func() *tensor { w := newTensor(f32, 16, 16); w.held = true; return mulMat(w, held()) }},
		"an operation inside what is held":  {1, func() *tensor { return inside("CPY", x(), held()) }},
		"rounded up to 32 bytes":            {1, func() *tensor { return copyOf(input(f32, 1)) }},
		"a cast is a source of its own":     {2, func() *tensor { return cast(x(), f32) }},
	} {
		assert.Equal(t, tt.want*unit, line(tt.graph()), name)
	}
}

func held() *tensor {
	t := newTensor(f32, 16)
	t.held = true
	return t
}

// TestAllocator: freed blocks merge with their neighbours.
func TestAllocator(t *testing.T) {
	a := newAllocator(alignment)
	first, second, third := a.take(32), a.take(64), a.take(32)
	assert.Equal(t, []int64{0, 32, 96}, []int64{first, second, third})
	a.give(first, 32)
	a.give(third, 32) // joins the open end
	assert.Equal(t, int64(96), a.take(64), "the hole of 32 is too small")
	a.give(second, 64)
	assert.Equal(t, int64(0), a.take(96), "both holes are one")
	assert.Equal(t, int64(160), a.most)
}

// TestBestFit: the smallest hole that fits, of equal ones the last.
func TestBestFit(t *testing.T) {
	a := newAllocator(alignment)
	var at []int64
	for _, size := range []int64{96, 32, 64, 32, 64, 32} {
		at = append(at, a.take(size))
	}
	for _, hole := range []int{0, 2, 4} {
		a.give(at[hole], []int64{96, 0, 64, 0, 64}[hole])
	}
	assert.Equal(t, at[4], a.take(64))
	assert.Equal(t, at[2], a.take(33))
	assert.Equal(t, at[0], a.take(65))
}
