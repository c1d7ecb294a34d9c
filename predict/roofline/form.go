package roofline

import (
	"fmt"
	"math"
	"strings"
)

// Form is one way in which the parts of a step add up to its time:
//
//	seconds = steps·a + operations·b + bytes besides·c + Σ over terms of (Cᵖ + Mᵖ)^(1/p)
//
// where a term's C is what its arithmetic takes and M what its bytes take.
// p = 1 is the sum (nothing overlaps), p → ∞ the maximum (the roofline of
// Williams, Waterman and Patterson, CACM 52(4), 2009), 2 lies between. The data
// choose, by leave-one-model-out error.
type Form struct {
	Overlap Overlap `json:"overlap"`
	// Attention says which of an attention term's counts cost time.
	Attention Attention `json:"attention"`
	// Overhead says which operations have a fixed cost.
	Overhead Overhead `json:"overhead,omitempty"`
}

// Overlap is the exponent p; 0 stands for infinity, which JSON cannot hold.
type Overlap float64

// The overlaps that compete.
const (
	Sum   Overlap = 1
	Norm2 Overlap = 2
	Max   Overlap = 0
)

// String says the overlap in a word.
func (p Overlap) String() string {
	switch p {
	case Sum:
		return "sum"
	case Max:
		return "max"
	}
	return fmt.Sprintf("%g-norm", float64(p))
}

// Attention is how the cost of attention is modelled.
type Attention struct {
	// Live: only the cells that the mask lets through cost time, not all that
	// the cache's padding makes the runtime look at.
	Live bool `json:"live"`
	// Memory is what one query costs besides its arithmetic.
	Memory AttentionMemory `json:"memory"`
}

// AttentionMemory is how reading the cache is modelled.
type AttentionMemory string

// The models of reading the cache that compete.
const (
	// CacheFree: reading costs nothing besides the arithmetic.
	CacheFree AttentionMemory = "free"
	// CacheBytes: a bandwidth of the cache's own.
	CacheBytes AttentionMemory = "bytes"
	// CacheStrides: the cost of one query's arithmetic grows with the distance
	// between cells, as it does where every head walks through rows that hold
	// all heads and the next cell of its own is soon in another page
	// (ggml_compute_forward_flash_attn_ext_f16_one_chunk, ggml-cpu/ops.cpp).
	CacheStrides AttentionMemory = "strides"
	// CacheBytesStrides: both.
	CacheBytesStrides AttentionMemory = "bytes and strides"
)

// cacheMemories are the candidates, simplest first.
var cacheMemories = []AttentionMemory{CacheFree, CacheBytes, CacheStrides, CacheBytesStrides}

func (m AttentionMemory) bytes() bool   { return m == CacheBytes || m == CacheBytesStrides }
func (m AttentionMemory) strides() bool { return m == CacheStrides || m == CacheBytesStrides }

// Overhead is what the fixed cost of an operation is counted by.
type Overhead string

// The overheads that compete. The zero value is PerProduct, too, of fits that
// were stored when it was the only one.
const (
	// PerProduct: matrix products alone, as where threads wait for each other
	// longest and the others' nodes are short.
	PerProduct Overhead = "products"
	// PerNode: every graph node that computes something, as where each is a kernel
	// that has to be launched.
	PerNode Overhead = "nodes"
	// PerBoth: each of the two has a cost of its own, as where threads wait at every
	// node and share out the rows of every product.
	PerBoth Overhead = "products and nodes"
)

// counted is how many operations of a work have a fixed cost, nil if that is not
// known, and the cost's name.
type counted struct {
	name string
	n    *float64
}

func (o Overhead) counts(w Work) []counted {
	switch o {
	case PerNode:
		return []counted{{"graph node", w.Nodes}}
	case PerProduct:
		return []counted{{"product", w.Products}}
	case PerBoth:
		return []counted{{"product", w.Products}, {"graph node", w.Nodes}}
	}
	return []counted{{"node", w.Products}}
}

// String says the form in words.
func (f Form) String() string {
	cells := "all cells"
	if f.Attention.Live {
		cells = "live cells"
	}
	var names []string
	for _, c := range f.Overhead.counts(Work{}) {
		names = append(names, c.name)
	}
	return fmt.Sprintf("%s; attention over %s, cache %s; a fixed cost per %s", f.Overlap, cells, f.Attention.Memory,
		strings.Join(names, " and per "))
}

// lacks names a count of the work that the form needs and that is not known, or
// is empty.
func (f Form) lacks(w Work) string {
	if (f.Overhead == PerNode || f.Overhead == PerBoth) && w.Nodes == nil {
		return "graph nodes"
	}
	for _, t := range w.Terms {
		switch {
		case t.Class != ClassAttention || t.FLOPs == 0:
		case f.Attention.Live && t.LiveFLOPs == nil:
			return "live FLOPs of attention"
		case f.Attention.Memory.strides() && t.RowBytes == nil:
			return "row bytes of attention"
		}
	}
	return ""
}

// combine is (Cᵖ + Mᵖ)^(1/p).
func (f Form) combine(c, m float64) float64 {
	hi, lo := max(c, m), min(c, m)
	p := float64(f.Overlap)
	if f.Overlap == Max || lo == 0 {
		return hi
	}
	return hi * math.Pow(1+math.Pow(lo/hi, p), 1/p)
}

// weights are the shares cw, mw with cw·C + mw·M = combine(C, M), the partial
// derivatives of a function that is homogeneous of degree one (Euler). They
// make the form linear at a point, so that least squares can be iterated.
func (f Form) weights(c, m float64) (cw, mw float64) {
	total := f.combine(c, m)
	switch {
	case total == 0 || f.Overlap == Sum:
		return 1, 1
	case f.Overlap != Max:
		p := float64(f.Overlap) - 1
		return math.Pow(c/total, p), math.Pow(m/total, p)
	case c == m:
		return 0.5, 0.5
	case c > m:
		return 1, 0
	}
	return 0, 1
}

// side is what a part of the time is bound by.
type side int

const (
	overheadSide side = iota
	computeSide
	memorySide
)

// part is one contribution to the time of a sample: an amount of something
// that costs a parameter's seconds each. Parts of the same block overlap.
type part struct {
	name   string
	amount float64
	side   side
	block  int
}

// unblocked marks a part that overlaps with nothing.
const unblocked = -1

// parts takes the work of one sample apart as the form sees it.
func (f Form) parts(w Work) []part {
	list := []part{{"step", w.Steps, overheadSide, unblocked}}
	for _, c := range f.Overhead.counts(w) {
		if c.n != nil {
			list = append(list, part{c.name, *c.n, overheadSide, unblocked})
		}
	}
	if moved := w.KVWrite + w.Activation; moved > 0 {
		list = append(list, part{"move activations", moved, memorySide, unblocked})
	}
	major := w.majorType()
	for i, t := range w.Terms {
		if t.Class == ClassAttention {
			list = append(list, f.attention(w, t, i)...)
			continue
		}
		kind := t.kind()
		if w.minor(t) {
			kind = major
		}
		list = append(list, part{"read " + kind, t.Bytes, memorySide, i})
		if !w.singleToken() && t.Class != ClassHead {
			list = append(list, part{"multiply " + kind, t.FLOPs, computeSide, i})
		}
	}
	return list
}

// attention takes a term apart of which all is known that the form needs: see
// lacks. A term without FLOPs is the states of recurrent layers.
func (f Form) attention(w Work, t Term, block int) []part {
	if t.FLOPs == 0 {
		return []part{{"move activations", t.Bytes, memorySide, unblocked}}
	}
	flops := t.FLOPs
	if f.Attention.Live {
		flops = *t.LiveFLOPs
	}
	name := "attend, many queries"
	if w.singleToken() {
		name = "attend, one query"
	}
	list := []part{{name, flops, computeSide, block}}
	if f.Attention.Memory.bytes() {
		list = append(list, part{"read cache " + t.Type, t.Bytes, memorySide, block})
	}
	if f.Attention.Memory.strides() && w.singleToken() {
		list = append(list, part{"stride over cache " + t.Type, flops * *t.RowBytes, memorySide, block})
	}
	return list
}

// kind is the name under which a term's rates are known: experts have kernels
// of their own.
func (t Term) kind() string {
	if t.Class == ClassExperts {
		return "experts " + t.Type
	}
	return t.Type
}

// majorType is the kind of the products with weights that have most bytes.
func (w Work) majorType() string {
	var most float64
	var kind string
	for _, t := range w.Terms {
		if t.Class != ClassAttention && t.Bytes > most {
			most, kind = t.Bytes, t.kind()
		}
	}
	return kind
}

// minorShare is the share of the work below which a weight type is not worth
// parameters of its own (a router's f32 among q4_K experts): it is charged at
// the rates of the major type.
const minorShare = 0.02

func (w Work) minor(t Term) bool {
	var bytes, flops float64
	for _, u := range w.Terms {
		if u.Class != ClassAttention {
			bytes, flops = bytes+u.Bytes, flops+u.FLOPs
		}
	}
	return t.Bytes < minorShare*bytes && t.FLOPs < minorShare*flops
}
