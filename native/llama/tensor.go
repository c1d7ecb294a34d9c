package llama

import (
	"bytes"
	"fmt"
	"unsafe"

	"assay/native/dylib"
)

// checkTensorLayout builds two tensors and their product in a scratch context
// and compares every field that the observer reads with what was put in.
func (l *Library) checkTensorLayout() error {
	// struct ggml_init_params: mem_size, mem_buffer (null: its own), no_alloc.
	params := &[3]uint64{1 << 16, 0, 0}
	ctx := new(arguments).callStructOnly(l.fn.ggmlInit, params[:])
	if ctx == 0 {
		return l.tensorRefusal("ggml_init failed")
	}
	defer call(l.fn.ggmlFree, ctx)
	name := cString("assay.layout")
	a := (*tensor)(at(call(l.fn.newTensor, ctx, typeF16, 64, 3, 5, 7)))
	b := (*tensor)(at(call(l.fn.newTensor, ctx, 0, 64, 2, 5, 7)))
	call(l.fn.setName, uintptr(unsafe.Pointer(a)), uintptr(unsafe.Pointer(name)))
	product := (*tensor)(at(call(l.fn.matrixMult, ctx, uintptr(unsafe.Pointer(a)), uintptr(unsafe.Pointer(b)))))
	node := Node{lib: l, t: product}
	weights, _ := node.Src(0)
	switch {
	case a.ne != [4]int64{64, 3, 5, 7} || a.nb != [4]uint64{2, 128, 384, 1920}:
		return l.tensorRefusal("ne or nb")
	case weights.t != a || product.src[1] != b || product.src[2] != nil || product.viewSrc != nil:
		return l.tensorRefusal("src or view_src")
	case weights.Name() != "assay.layout":
		return l.tensorRefusal("name")
	case weights.Type() != "f16" || node.Type() != "f32":
		return l.tensorRefusal("type")
	case node.Op() != "MUL_MAT" || product.ne != [4]int64{3, 2, 5, 7}:
		return l.tensorRefusal("op")
	case weights.Bytes() != 64*3*5*7*2:
		return l.tensorRefusal("ggml_nbytes")
	}
	return nil
}

func (l *Library) tensorRefusal(what string) error {
	return &TensorLayoutError{Path: l.path, Version: l.version, Field: what}
}

// TensorLayoutError says that struct ggml_tensor is not what this binding knows.
type TensorLayoutError struct {
	Path, Version string
	// Field is what was not where it should be.
	Field string
}

func (e *TensorLayoutError) Error() string {
	return fmt.Sprintf("%s (version %s): struct ggml_tensor does not have the known layout (%s); install one of %v (assay libs install)",
		e.Path, e.Version, e.Field, Releases())
}

// Is reports that the error is dylib.ErrUnusable.
func (e *TensorLayoutError) Is(target error) bool { return target == dylib.ErrUnusable }

// Node is one tensor of the executed graph, or a source of one. It points into
// the library's memory and is valid only during the callback that handed it
// out; what its methods answer stays valid.
type Node struct {
	lib *Library
	t   *tensor
}

// Op is the operation, as ggml names it ("MUL_MAT").
func (n Node) Op() string {
	name, ok := n.lib.opNames[n.t.op]
	if !ok {
		name = goString(call(n.lib.fn.opName, uintptr(n.t.op)))
		n.lib.opNames[n.t.op] = name
	}
	return name
}

// Name is the tensor's name.
func (n Node) Name() string {
	name, _, _ := bytes.Cut(n.t.name[:], []byte{0})
	return string(name)
}

// Type is the element type, as ggml names it ("f16", "q8_0").
func (n Node) Type() string {
	if n.t.typ < 0 || n.t.typ >= typeCount {
		return ""
	}
	return goString(call(n.lib.fn.typeName, uintptr(n.t.typ)))
}

// NE is the number of elements along each dimension, fastest first.
func (n Node) NE() [4]int64 { return n.t.ne }

// NB is the distance in bytes along each dimension.
func (n Node) NB() [4]uint64 { return n.t.nb }

// Flags are GGML_TENSOR_FLAG bits.
func (n Node) Flags() int32 { return n.t.flags }

// OpParams are the operation's own parameters.
func (n Node) OpParams() [16]int32 { return n.t.opParams }

// Bytes is what the tensor occupies (ggml_nbytes).
func (n Node) Bytes() int64 {
	return int64(call(n.lib.fn.nbytes, uintptr(unsafe.Pointer(n.t))))
}

// Src answers the operation's i-th source, 0 to 9.
func (n Node) Src(i int) (Node, bool) {
	src := n.t.src[i]
	return Node{lib: n.lib, t: src}, src != nil
}

// Root answers the tensor whose memory this one views; itself when it is none.
func (n Node) Root() Node {
	for n.t.viewSrc != nil {
		n.t = n.t.viewSrc
	}
	return n
}

func elements(ne [4]int64) int64 { return ne[0] * ne[1] * ne[2] * ne[3] }

// shape answers the dimensions of a source, zeros when there is none.
func shape(n Node, i int) [4]int64 {
	if src, ok := n.Src(i); ok {
		return src.t.ne
	}
	return [4]int64{}
}
