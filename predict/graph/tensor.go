// Package graph builds the graphs that llama.cpp reserves memory for, node by
// node, from architecture facts and the cache's plan, and plans their memory as
// ggml's allocator does: what the compute buffer takes, without a library. It
// knows no runtime, no record, and nothing of time or operations.
//
// Read from src/llama-graph.cpp and src/models of llama.cpp and from
// ggml/src/ggml-alloc.c, v0.5.0 (August 2026), and held against the libraries'
// own reports.
package graph

import "slices"

// dtype is a type that activations have, by its bytes.
type dtype int64

const (
	f16 dtype = 2
	f32 dtype = 4
	i32 dtype = -4 // as wide as f32, and of another layout
	i64 dtype = 8
)

func (t dtype) bytes() int64 { return max(int64(t), -int64(t)) }

// op is an operation, as far as the allocator tells them apart.
type op string

const (
	none      op = ""
	view      op = "VIEW"
	reshape   op = "RESHAPE"
	permute   op = "PERMUTE"
	transpose op = "TRANSPOSE"
)

// inPlace are the operations whose result may take the place of a source
// (ggml_op_can_inplace, ggml/src/ggml-alloc.c).
var inPlace = map[op]bool{
	"FILL": true, "SCALE": true, "ADD": true, "ADD_ID": true, "SUB": true, "MUL": true, "DIV": true, "SQR": true,
	"SQRT": true, "LOG": true, "UNARY": true, "ROPE": true, "RMS_NORM": true, "CLAMP": true, "SOFT_MAX": true,
	"DIAG_MASK_INF": true,
}

// tensor is a node or a leaf of a graph. ne are its dimensions, ne[0] the one
// that is contiguous in memory, nb their strides in bytes.
type tensor struct {
	op     op
	typ    dtype
	ne, nb [4]int64
	src    []*tensor
	// root is the tensor that a view looks into, offset bytes from its start.
	root   *tensor
	offset int64
	// held tensors have memory already (weights, caches); inputs are set from
	// outside, outputs are read there and never freed.
	held, input, output bool
	// name is a weight's in the model's file; typ of a cache's cells as it is stored.
	name, stored string
	// layer is the one that a weight or a cache belongs to, or in which a norm stands
	// (from 1 on; 0 is none).
	layer int
	// next lies behind it in the cache's buffer.
	next *tensor
}

func newTensor(typ dtype, ne ...int64) *tensor {
	t := &tensor{typ: typ, ne: [4]int64{1, 1, 1, 1}}
	copy(t.ne[:], ne)
	t.nb[0] = typ.bytes()
	for i := 1; i < 4; i++ {
		t.nb[i] = t.nb[i-1] * t.ne[i-1]
	}
	return t
}

func newNode(o op, typ dtype, ne []int64, src ...*tensor) *tensor {
	t := newTensor(typ, ne...)
	t.op, t.src = o, src
	return t
}

// like is an operation whose result has the shape of its first source.
func like(o op, src ...*tensor) *tensor { return newNode(o, src[0].typ, src[0].ne[:], src...) }

func (t *tensor) elements() int64 { return t.ne[0] * t.ne[1] * t.ne[2] * t.ne[3] }

// bytes is what the tensor spans (ggml_nbytes).
func (t *tensor) bytes() int64 {
	if slices.Contains(t.ne[:], 0) {
		return 0
	}
	n := t.typ.bytes()
	for i := range t.ne {
		n += (t.ne[i] - 1) * t.nb[i]
	}
	return n
}

func (t *tensor) contiguous() bool {
	want := t.typ.bytes()
	for i := range t.ne {
		if t.ne[i] != 1 && t.nb[i] != want {
			return false
		}
		want *= t.ne[i]
	}
	return true
}

// looksInto makes t a view of another tensor or of what that one looks into.
func (t *tensor) looksInto(of *tensor, offset int64) *tensor {
	t.root, t.offset = of, offset
	if of.root != nil {
		t.root, t.offset = of.root, offset+of.offset
	}
	return t
}

// viewOf is a view with the dimensions ne and the strides nb behind the first.
func viewOf(t *tensor, ne []int64, nb []int64, offset int64) *tensor {
	v := newNode(view, t.typ, ne, t)
	for i := range 3 {
		if i < len(nb) {
			v.nb[i+1] = nb[i]
		} else {
			v.nb[i+1] = v.nb[i] * v.ne[i]
		}
	}
	return v.looksInto(t, offset)
}

func reshaped(t *tensor, ne ...int64) *tensor {
	return newNode(reshape, t.typ, ne, t).looksInto(t, 0)
}

// permuted moves dimension i to place axes[i].
func permuted(t *tensor, axes ...int) *tensor {
	p := newNode(permute, t.typ, t.ne[:], t)
	for i, to := range axes {
		p.ne[to], p.nb[to] = t.ne[i], t.nb[i]
	}
	return p.looksInto(t, 0)
}

func transposed(t *tensor) *tensor {
	p := permuted(t, 1, 0, 2, 3)
	p.op = transpose
	return p
}

// inside is an operation that writes into its last source and returns it.
func inside(o op, src ...*tensor) *tensor {
	to := src[len(src)-1]
	t := like(o, to)
	t.nb, t.src = to.nb, src
	return t.looksInto(to, 0)
}

func cont(t *tensor, ne ...int64) *tensor {
	if len(ne) == 0 {
		ne = t.ne[:]
	}
	return newNode("CONT", t.typ, ne, t)
}

// cast copies into another type; the node is a source of its own.
func cast(t *tensor, typ dtype) *tensor {
	c := newNode("CPY", typ, t.ne[:], t)
	c.src = append(c.src, c)
	return c
}

func mulMat(w, x *tensor) *tensor {
	return newNode("MUL_MAT", f32, []int64{w.ne[1], x.ne[1], x.ne[2], x.ne[3]}, w, x)
}

func mulMatID(w, x, ids *tensor) *tensor {
	return newNode("MUL_MAT_ID", f32, []int64{w.ne[1], ids.ne[0], x.ne[2], 1}, w, x, ids)
}

func getRows(t, ids *tensor) *tensor {
	typ := f32
	if t.typ == i32 {
		typ = i32
	}
	return newNode("GET_ROWS", typ, []int64{t.ne[0], ids.ne[0], ids.ne[1], ids.ne[2]}, t, ids)
}

func sumRows(t *tensor) *tensor {
	return newNode("SUM_ROWS", t.typ, []int64{1, t.ne[1], t.ne[2], t.ne[3]}, t)
}

func concat(a, b *tensor, dim int) *tensor {
	ne := a.ne
	ne[dim] += b.ne[dim]
	return newNode("CONCAT", a.typ, ne[:], a, b)
}

func repeated(t *tensor, ne ...int64) *tensor { return newNode("REPEAT", t.typ, ne, t) }

// topK are the first k of the sorted row's indices.
func topK(t *tensor, k int64) *tensor {
	sorted := newNode("ARGSORT", i32, t.ne[:], t)
	return viewOf(sorted, []int64{k, t.ne[1], t.ne[2], t.ne[3]}, sorted.nb[1:], 0)
}

func add(a, b *tensor) *tensor    { return like("ADD", a, b) }
func mul(a, b *tensor) *tensor    { return like("MUL", a, b) }
func div(a, b *tensor) *tensor    { return like("DIV", a, b) }
func sub(a, b *tensor) *tensor    { return like("SUB", a, b) }
func scaled(t *tensor) *tensor    { return like("SCALE", t) }
func unary(t *tensor) *tensor     { return like("UNARY", t) }
func squared(t *tensor) *tensor   { return like("SQR", t) }
func rooted(t *tensor) *tensor    { return like("SQRT", t) }
func rmsNormed(t *tensor) *tensor { return like("RMS_NORM", t) }

// dag is the graph in the order in which ggml evaluates it: depth first, sources
// from left to right (ggml_build_forward_expand).
type dag struct {
	seen         map[*tensor]bool
	nodes, leafs []*tensor
}

func (g *dag) expand(t *tensor) *tensor {
	if g.seen[t] {
		return t
	}
	g.seen[t] = true
	for _, s := range t.src {
		g.expand(s)
	}
	if t.op == none {
		g.leafs = append(g.leafs, t)
	} else {
		g.nodes = append(g.nodes, t)
	}
	return t
}
