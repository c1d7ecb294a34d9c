package graph

import "slices"

// alignment is what every place in a buffer is rounded up to, on the CPU and on
// Metal.
const alignment = 32

// openEnd is the size of the last free block: as good as endless.
const openEnd = 1 << 62

// block is a run of free bytes.
type block struct{ offset, size int64 }

// allocator is ggml_dyn_tallocr of ggml/src/ggml-alloc.c: free blocks in the
// order of their addresses, of which the last is the open end.
type allocator struct {
	free      []block
	alignment int64
	most      int64 // the highest address used
}

func newAllocator(alignment int64) *allocator {
	return &allocator{free: []block{{0, openEnd}}, alignment: alignment}
}

func aligned(n int64) int64 { return roundedUp(n, alignment) }

func roundedUp(n, to int64) int64 { return (n + to - 1) / to * to }

func (a *allocator) aligned(n int64) int64 { return roundedUp(n, a.alignment) }

// take finds the best fit among the blocks but the last, else the last.
func (a *allocator) take(size int64) int64 {
	size = a.aligned(size)
	best, fit := len(a.free)-1, int64(openEnd)
	for i, b := range a.free[:len(a.free)-1] {
		if b.size >= size && b.size <= fit {
			best, fit = i, b.size
		}
	}
	b := &a.free[best]
	at := b.offset
	b.offset, b.size = b.offset+size, b.size-size
	if b.size == 0 {
		a.free = slices.Delete(a.free, best, best+1)
	}
	a.most = max(a.most, at+size)
	return at
}

// give returns bytes, merged with the free blocks beside them.
func (a *allocator) give(at, size int64) {
	size = a.aligned(size)
	i, _ := slices.BinarySearchFunc(a.free, at, func(b block, at int64) int {
		switch {
		case b.offset < at:
			return -1
		case b.offset > at:
			return 1
		}
		return 0
	})
	joinsBefore := i > 0 && a.free[i-1].offset+a.free[i-1].size == at
	joinsAfter := i < len(a.free) && at+size == a.free[i].offset
	switch {
	case joinsBefore && joinsAfter:
		a.free[i-1].size += size + a.free[i].size
		a.free = slices.Delete(a.free, i, i+1)
	case joinsBefore:
		a.free[i-1].size += size
	case joinsAfter:
		a.free[i].offset, a.free[i].size = at, a.free[i].size+size
	default:
		a.free = slices.Insert(a.free, i, block{at, size})
	}
}

// planner walks a graph as ggml_gallocr_alloc_graph_impl does.
type planner struct {
	size func(*tensor) int64
	// on is the buffer of a tensor that takes a place of its own.
	on    func(*tensor) *allocator
	state map[*tensor]*place
}

// place is what the planner knows of a tensor: who still reads it, who looks
// into it, and where it lies.
type place struct {
	readers, views int
	taken          bool
	at             int64
	in             *allocator
}

// reserve is the size of the buffer that the graph's tensors need, each of the
// size that the backend gives it.
func reserve(g *dag, size func(*tensor) int64) int64 {
	a := newAllocator(alignment)
	plan(g, size, func(*tensor) *allocator { return a })
	return a.most
}

// plan gives each tensor of the graph its place in the buffer that on names.
func plan(g *dag, size func(*tensor) int64, on func(*tensor) *allocator) {
	p := &planner{size, on, map[*tensor]*place{}}
	for _, leaf := range g.leafs {
		p.place(leaf)
	}
	for _, n := range g.nodes {
		if n.root != nil {
			p.of(n.root).views++
		}
		for _, s := range n.src {
			p.of(s).readers++
		}
	}
	for _, n := range g.nodes {
		for _, s := range n.src {
			p.place(s)
		}
		p.place(n)
		for _, s := range n.src {
			p.read(s)
		}
	}
}

func (p *planner) of(t *tensor) *place {
	s, ok := p.state[t]
	if !ok {
		s = &place{}
		p.state[t] = s
	}
	return s
}

// place gives a tensor its memory, if it has none and is no view.
func (p *planner) place(t *tensor) {
	s := p.of(t)
	if s.taken || t.held || t.root != nil {
		return
	}
	s.taken = true
	if inPlace[t.op] && slices.ContainsFunc(t.src, func(of *tensor) bool { return p.takeOver(t, of) }) {
		return
	}
	s.in = p.on(t)
	s.at = s.in.take(p.size(t))
}

// takeOver puts a result where one of its sources lies, if nobody else needs it.
// A view is never taken over: the allocator does not own it.
func (p *planner) takeOver(t, from *tensor) bool {
	s := p.of(from)
	if !s.taken || from.output || !sameLayout(t, from) || s.readers != 1 || s.views != 0 {
		return false
	}
	s.taken = false // not to be freed with its last reader
	p.of(t).at, p.of(t).in = s.at, s.in
	if more := s.in.aligned(p.size(from)) - s.in.aligned(p.size(t)); more > 0 {
		s.in.give(s.at+s.in.aligned(p.size(t)), more)
	}
	return true
}

func sameLayout(a, b *tensor) bool { return a.typ == b.typ && a.ne == b.ne && a.nb == b.nb }

// read takes note that one reader is done, and frees what nobody needs.
func (p *planner) read(t *tensor) {
	s := p.of(t)
	s.readers--
	if s.readers != 0 || s.views != 0 {
		return
	}
	if t.root == nil {
		p.release(t)
		return
	}
	o := p.of(t.root)
	o.views--
	if o.views == 0 && o.readers == 0 {
		p.release(t.root)
	}
}

func (p *planner) release(t *tensor) {
	s := p.of(t)
	if !s.taken || t.output {
		return
	}
	s.in.give(s.at, p.size(t))
	s.taken = false
}
