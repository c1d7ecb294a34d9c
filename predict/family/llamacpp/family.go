// Package llamacpp is what llama.cpp's loader expects of each architecture: its
// tensors, its metadata, its windows, and the smallest model with the same cache.
// It must not know what any of it costs, nor where facts come from.
package llamacpp

import (
	"cmp"
	"maps"
	"slices"

	"assay/predict/arch"
)

// scope is what the dimensions of a tensor may depend on. layer is nil for the
// tensors outside the blocks.
type scope struct {
	facts *arch.Facts
	layer *arch.Layer
	index int
}

type dim func(scope) int64

// row is one tensor: its name and its dimensions in ggml's order. A row with an
// empty dimension (a shared expert of width 0) does not exist.
type row struct {
	name string
	dims []dim
}

// part is a group of tensors that come and go together.
type part struct {
	when func(scope) bool
	rows []row
}

// key is one entry of a family's own metadata; a nil value leaves it out.
type key struct {
	name  string // without "<arch>."
	value func(*arch.Facts) any
}

// Family is what llama.cpp's loader expects of one architecture, read from
// src/models/*.cpp of v0.5.0: the tensors of a block, the metadata beyond what
// every architecture has, and what a skeleton cannot shrink.
type Family struct {
	Name string
	// block and global are the tensors beside token_embd, output_norm and output.
	block  []part
	global []part
	// draft are the tensors of a block that predicts further tokens, beside
	// those of the last block; empty: not known.
	draft []part
	// keys are the family's own metadata, without the "<arch>." in front.
	keys []key

	// hidden is the smallest hidden size beside these layers; nil: any will do.
	hidden func(layers *arch.Facts, full int64) int64
	// zeroKVHeads: layers whose KV head count is 0 are the ones without attention.
	zeroKVHeads bool
	// keepHeads: the query heads cannot shrink, as the hidden size hangs on them.
	keepHeads bool
	// outputNorm is the name of the last norm where it is not output_norm.weight.
	outputNorm string
	// layerNorm: norms are LayerNorm, and the epsilon has that key.
	layerNorm bool
	// bothEpsilons: the epsilon has the other key, too, for releases that ask for it.
	bothEpsilons bool
	// expertWidthIsDense: feed_forward_length is the experts' width.
	expertWidthIsDense bool
	// OwnCache: layers from this one on read the cache of the last layer before
	// it that has the same kind of window; 0: all have their own.
	OwnCache int
	// Scaled, weighed: as of a modelType.
	Scaled, Weighed, PerLayer bool
	// tied: the loader never reads an output head. untied: it insists on one.
	tied, untied bool
	// Defaults are metadata keys that the loader has a value of its own for.
	Defaults map[string]any

	// Window is nil where the loader has none, Graph where its nodes are not known.
	Window *Window
	Cache  Cache
	Graph  *Graph
	Tail   Tail
	// WeighsInput: each chosen expert has its own input, weighed before it.
	WeighsInput bool
	// Interleaved: experts run only in the last layer of each
	// interleave_moe_layer_step, whatever tensors the others have.
	Interleaved bool
	// RouterFirst: experts are chosen from the layer's input, so for all tokens.
	RouterFirst bool
	// PicksNormed: the outputs are picked behind the norm of what attention made.
	PicksNormed bool
	// NoFlash: llama.cpp turns flash attention off (llama_init_from_model,
	// src/llama-context.cpp, v0.5.0).
	NoFlash bool
	// DropsBare: in a layer without a feed-forward the result of attention goes
	// nowhere, and its last product is not run.
	DropsBare bool
	// Gaps say why something is not known of the family: layout, draft, graph.
	Gaps map[string]string
}

var (
	families = map[string]*Family{}
	// unlisted stands for what is not known: no window, a plain cache.
	unlisted = &Family{hidden: unchanged, keepHeads: true}
)

// register lists a family; each has a file of its own, or a row in rows.go.
func register(f *Family) *Family {
	families[f.Name] = f
	return f
}

// Of is what is known of an architecture of llama.cpp, by its name; ok is false
// where nothing is, and the family then plain.
func Of(name string) (f *Family, ok bool) {
	if f, ok = families[name]; !ok {
		f = unlisted
	}
	return f, ok
}

// All are the families that something is known of, by name.
func All() []*Family {
	return slices.SortedFunc(maps.Values(families), func(a, b *Family) int { return cmp.Compare(a.Name, b.Name) })
}

// HasLayout says that the tensors of the family are known.
func (f *Family) HasLayout() bool { return f.block != nil }

// queryWidthOf is the hidden size of a loader that wants attn_q of hidden × hidden.
func queryWidthOf(f *arch.Facts, full int64) int64 {
	a := f.FirstAttention()
	if a == nil {
		return full
	}
	return a.Heads * a.KeyDim
}

// halfOfInner is the hidden size of a loader that asserts an expansion of two.
func halfOfInner(f *arch.Facts, full int64) int64 {
	r := f.FirstRecurrent()
	if r == nil {
		return full
	}
	return r.Inner / 2
}

func unchanged(_ *arch.Facts, full int64) int64 { return full }
