package llama

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"unsafe"
)

// Traffic is what graphs read and write, by the operands of their nodes.
type Traffic struct {
	// Steps is the number of graphs: of look-ups of the tokens' embeddings.
	Steps int64
	// Computed is the number of nodes that compute something: neither views nor
	// without elements. Kernels may fuse several.
	Computed int64
	// Terms are products and bytes read, by class and type, in order of appearance.
	Terms []Term
	// CacheWritten are the bytes of keys, values and states that were stored.
	CacheWritten int64
	// Activations are the bytes of the products' operands and results that are
	// neither weights nor cache.
	Activations int64

	touched map[string]bool // weights, in the present step
	results map[string]bool // nodes that were seen
	// copied are what nodes copied of the cache, by their names: attention without
	// flash attention does it with values that lie as flash attention wants them.
	copied map[string]Node
}

// Term is the arithmetic and what it reads, of one class on one type: weights
// (once a step; of an embedding the rows looked up, of experts those chosen), or
// the cache's part that attention ran over.
type Term struct {
	// Class is "weights", "experts", "head" or "attention".
	Class, Type  string
	FLOPs, Bytes int64
}

// The classes of a Term.
const (
	classWeights   = "weights"
	classExperts   = "experts"
	classHead      = "head"
	classAttention = "attention"
)

// noWork are the operations that compute nothing (ggml_op_is_empty of
// ggml-impl.h, v0.5.0; in every release the CPU backend does nothing for them).
var noWork = map[string]bool{"NONE": true, "RESHAPE": true, "VIEW": true, "PERMUTE": true, "TRANSPOSE": true}

// ofExperts are the operations whose third operand says which experts' parts of
// the first or second they read.
var ofExperts = map[string]int{"MUL_MAT_ID": 0, "ADD_ID": 1}

// embeddings is the tensor that every graph looks its tokens up in.
const embeddings = "token_embd.weight"

// observe counts one node, of which flops are known.
func (t *Traffic) observe(n Node, op string, flops int64) {
	if t.results == nil {
		t.results = map[string]bool{}
	}
	t.results[n.Name()] = true // views as well: a copy can be of one
	if src, ok := n.Src(0); ok && op == "CONT" && src.Root().isCache() {
		if t.copied == nil {
			t.copied = map[string]Node{}
		}
		t.copied[n.Name()] = src.Root()
	}
	if noWork[op] || elements(n.t.ne) == 0 {
		return
	}
	t.Computed++
	_, routed := ofExperts[op]
	switch {
	case op == "GET_ROWS":
		t.lookUp(n)
	case !routed:
		t.touch(n, op)
	}
	t.store(n, op)
	if flops > 0 {
		class, typ := t.classOf(n, op)
		t.term(class, typ).FLOPs += flops
		t.activations(n)
	}
	if class, _ := t.classOf(n, op); class == classAttention {
		t.readCache(n, op)
	}
}

// term finds the term, or makes it.
func (t *Traffic) term(class, typ string) *Term {
	at := slices.IndexFunc(t.Terms, func(have Term) bool { return have.Class == class && have.Type == typ })
	if at < 0 {
		t.Terms = append(t.Terms, Term{Class: class, Type: typ})
		at = len(t.Terms) - 1
	}
	return &t.Terms[at]
}

// lookUp is GET_ROWS: of an embedding, which begins a graph when it is the
// tokens', or of recurrent states.
func (t *Traffic) lookUp(n Node) {
	src, ok := n.Src(0)
	if !ok {
		return
	}
	root := src.Root()
	switch {
	case root.isWeight():
		if root.dataName() == embeddings {
			t.Steps++
			t.touched = nil
		}
		t.term(classWeights, root.Type()).Bytes += root.part(elements(n.t.ne))
	case root.isCache():
		t.term(classAttention, root.Type()).Bytes += root.part(elements(n.t.ne))
	}
}

// touch counts the weights among the operands, each once a step.
func (t *Traffic) touch(n Node, op string) {
	for i := range n.t.src {
		src, ok := n.Src(i)
		if !ok {
			continue
		}
		root := src.Root()
		name := root.dataName()
		if !root.isWeight() || t.touched[name] {
			continue
		}
		if t.touched == nil {
			t.touched = map[string]bool{}
		}
		t.touched[name] = true
		class := classWeights
		if i == 0 {
			class, _ = t.classOf(n, op)
		}
		t.term(class, root.Type()).Bytes += root.Bytes()
	}
}

// classOf is the class of a node's arithmetic, and the type of what it reads.
func (t *Traffic) classOf(n Node, op string) (class, typ string) {
	if op == "FLASH_ATTN_EXT" {
		keys, _ := n.Src(1)
		return classAttention, keys.Type()
	}
	src, ok := n.Src(0)
	if !ok {
		return classWeights, ""
	}
	root := t.origin(src)
	switch {
	case op == "MUL_MAT_ID":
		class = classExperts
	case op == "MUL_MAT" && (root.dataName() == "output.weight" || root.dataName() == embeddings):
		class = classHead
	case root.isCache(), t.isInput(root):
		class = classAttention
	default:
		class = classWeights
	}
	return class, root.Type()
}

// readCache is what attention and scans read of the cache.
func (t *Traffic) readCache(n Node, op string) {
	operands := map[string][]int{"FLASH_ATTN_EXT": {1, 2}, "MUL_MAT": {0}, "SSM_SCAN": {0}}[op]
	var last *tensor
	for _, i := range operands {
		src, _ := n.Src(i)
		root := src.Root()
		if cache := t.origin(src); strings.HasPrefix(cache.dataName(), "cache_v_") {
			root = cache
		}
		if !root.isCache() || root.t == last {
			continue // latent values are a part of the keys
		}
		last = root.t
		read := elements(src.t.ne)
		if op == "SSM_SCAN" { // the last operand picks the sequences' states
			read = read / src.t.ne[3] * shape(n, 6)[0]
		}
		t.term(classAttention, root.Type()).Bytes += root.part(read)
	}
}

// store is what goes into the cache. A cast of it, which flash attention makes of
// keys in f32, has the cache's name and is a tensor of its own.
func (t *Traffic) store(n Node, op string) {
	root := n.Root()
	if !root.isCache() || root.t.op != 0 {
		return
	}
	switch op {
	case "SET_ROWS":
		t.CacheWritten += root.part(elements(shape(n, 0)))
	case "CPY":
		t.CacheWritten += root.part(elements(n.t.ne))
	}
}

// activations are the operands of a product that are results themselves, and
// its own result.
func (t *Traffic) activations(n Node) {
	t.Activations += n.dense()
	for i := range 2 {
		src, ok := n.Src(i)
		if ok && t.isResult(src) {
			t.Activations += src.dense()
		}
	}
}

// distinct are the different numbers in a matrix of 32-bit integers.
func (n Node) distinct() map[uint32]bool {
	data := make([]byte, n.Bytes())
	call(n.lib.fn.tensorGet, uintptr(unsafe.Pointer(n.t)), uintptr(unsafe.Pointer(&data[0])), 0, uintptr(len(data)))
	found := map[uint32]bool{}
	for row := range n.t.ne[1] {
		for i := range n.t.ne[0] {
			at := uint64(row)*n.t.nb[1] + uint64(i)*n.t.nb[0]
			found[binary.LittleEndian.Uint32(data[at:])] = true
		}
	}
	return found
}

// isResult reports that the operand was computed in the graph, neither weight nor
// cache nor input, here or on the device that it was copied from.
func (t *Traffic) isResult(src Node) bool {
	root := src.Root()
	if root.isCopy() {
		return t.results[root.originalName()] && !t.origin(root).isCache()
	}
	return root.t.op != 0 && !t.origin(src).isCache()
}

// isInput reports that the tensor was set from outside, here or on the device
// that it was copied from.
func (t *Traffic) isInput(n Node) bool {
	if n.isCopy() {
		return !n.isWeight() && !n.isCache() && !t.results[n.originalName()]
	}
	return n.t.op == 0 && n.t.flags&flagInput != 0
}

// isWeight goes by the names of GGUF files.
func (n Node) isWeight() bool {
	name := n.dataName()
	return n.t.op == 0 && !n.isCache() &&
		(strings.HasPrefix(name, "blk.") || strings.HasSuffix(name, ".weight") || strings.HasSuffix(name, ".bias"))
}

func (n Node) isCache() bool {
	name := n.dataName()
	if strings.HasPrefix(name, "cache_") {
		return true
	}
	kind, _ := renamedKind(name)
	return n.t.op == 0 && kind != ""
}

// origin is the tensor whose data this one has: what it views, or copies as
// attention without flash attention does with latent values.
func (t *Traffic) origin(n Node) Node {
	root := n.Root()
	if cache, ok := t.copied[root.originalName()]; ok {
		return cache
	}
	return root
}

// flagInput is GGML_TENSOR_FLAG_INPUT of ggml.h (all releases).
const flagInput = 1

// part is what some of a contiguous tensor's elements occupy. A copy of a view has
// the view's strides, which say nothing of its rows.
func (n Node) part(of int64) int64 {
	if n.isCopy() {
		return int64(call(n.lib.fn.rowSize, uintptr(n.t.typ), uintptr(of)))
	}
	all := uint64(elements(n.t.ne))
	if all == 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(of), uint64(n.Bytes()))
	bytes, _ := bits.Div64(high, low, all)
	return int64(bytes)
}

// dense is what the elements of a tensor occupy that is not quantised.
func (n Node) dense() int64 { return elements(n.t.ne) * int64(n.t.nb[0]) }
