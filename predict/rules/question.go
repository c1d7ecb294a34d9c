package rules

import (
	"cmp"
	"fmt"
	"slices"

	"assay/predict/arch"
)

// assumption is one simplification: what it does to a question, and, for a
// case, what it takes to be so and what is so.
type assumption struct {
	name  string
	apply func(*question)
	says  func(Case) string
}

// question is a case under some assumptions: changed facts, and simplified
// steps of the exact computation. With none it is the exact prediction.
type question struct {
	Case
	simple
	// reference has the parts of the first layers that have them.
	reference arch.Layer
}

// simple are the steps that rules leave out.
type simple struct {
	unpadded     bool // cells are tokens
	windowAlone  bool // a windowed layer keeps its window and nothing more
	plainTypes   bool // a type of n bits takes n bits, without its block's scales
	stateless    bool // recurrent states take nothing
	noAttention  bool // no products with the cache
	oneProduct   bool // scores, but not their product with the values
	wholeContext bool // every token attends to as many as the last one
	vectorsToo   bool // norms and biases are multiplied like matrices
	twoNorms     bool // two norms a layer and no other vector
	ownHead      bool // an output head beside the embedding
}

func newQuestion(c Case) question {
	c.Facts.Layers = cloneLayers(c.Facts.Layers)
	if c.Work != nil {
		w := *c.Work
		c.Work = &w
	}
	q := question{Case: c}
	for _, l := range c.Facts.Layers {
		if q.reference.Attention == nil {
			q.reference.Attention = l.Attention
		}
		if q.reference.FeedForward == nil {
			q.reference.FeedForward = l.FeedForward
		}
	}
	return q
}

// cloneLayers copies what assumptions change.
func cloneLayers(layers []arch.Layer) []arch.Layer {
	out := slices.Clone(layers)
	for i := range out {
		if a := out[i].Attention; a != nil {
			copied := *a
			out[i].Attention = &copied
		}
	}
	return out
}

// assume applies the assumptions but for the one at the index.
func (q question) assume(list []assumption, but int) question {
	for i, a := range list {
		if i != but {
			a.apply(&q)
		}
	}
	return q
}

func (q question) evaluate(f Figure) (int64, error) {
	switch f {
	case KVBytes:
		return q.kvBytes()
	case FLOPs:
		return q.flops()
	case Params:
		return q.params()
	case WeightBytes:
		return q.weightBytes()
	case HeadDim:
		return headDim(q.Facts), nil
	case FullLayers:
		return int64(len(fullLayers(q.Facts))), nil
	}
	return 0, fmt.Errorf("no figure %q", f)
}

// headDim is the width of one key head in the first layer that has any.
func headDim(f arch.Facts) int64 {
	for _, l := range f.Layers {
		if l.Attention != nil {
			return l.Attention.KeyDim
		}
	}
	return 0
}

// fullLayers are the layers whose attention has no window.
func fullLayers(f arch.Facts) []int {
	var out []int
	for i, l := range f.Layers {
		if l.Attention != nil && l.Attention.Window == 0 {
			out = append(out, i)
		}
	}
	return out
}

func layerList(layers []int) string { return cmp.Or(arch.Ranges(layers), "none") }
