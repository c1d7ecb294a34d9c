package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/gguf"
	"assay/predict/kv"
)

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

// kvBytes lays the cache out in f16, whose rows always fit, and scales the
// elements to the types asked for.
func (q question) kvBytes() (int64, error) {
	p := q.Params
	p.TypeK, p.TypeV = "f16", "f16"
	plan, err := kv.LlamaCpp(q.Facts, p)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, l := range plan.Layers {
		switch {
		case l.Class == kv.Recurrent && q.stateless, l.Cells == 0:
			continue
		case l.Class == kv.Recurrent:
			sum += l.Bytes()
			continue
		}
		cells := q.cells(plan, l)
		for _, part := range []struct {
			bytes int64
			typ   string
		}{{l.KBytes, q.Params.TypeK}, {l.VBytes, q.Params.TypeV}} {
			size, err := q.sizeOf(part.bytes/2/l.Cells*cells, part.typ)
			if err != nil {
				return 0, err
			}
			sum += size
		}
	}
	return sum, nil
}

// cells is how many a layer has, over all sequences.
func (q question) cells(plan kv.Plan, l kv.Layer) int64 {
	context, streams := plan.ContextCells, plan.Streams()
	if q.unpadded {
		context = q.contextTokens()
	}
	window := q.Facts.Layers[l.Layer].Attention.Window
	switch {
	case l.Class == kv.Full || l.Class == kv.MLA:
		return context
	case q.windowAlone:
		return min(context, window*streams)
	case q.unpadded:
		return min(context, l.Cells)
	}
	return l.Cells
}

// contextTokens is the context as asked for.
func (q question) contextTokens() int64 {
	if q.Params.NCtx > 0 {
		return int64(q.Params.NCtx)
	}
	return q.Facts.ContextLength
}

// sizeOf is what the elements take in the type ("" for f16).
func (q question) sizeOf(elements int64, typ string) (int64, error) {
	t, err := typeOf(typ)
	if err != nil {
		return 0, err
	}
	if q.plainTypes {
		return elements * plainBits(t) / 8, nil
	}
	return elements * t.BlockBytes() / t.BlockElements(), nil
}

func typeOf(name string) (gguf.Type, error) {
	if name == "" {
		return gguf.F16, nil
	}
	return gguf.ParseType(name)
}

// elementsOf is how many elements fill the bytes in the type ("" for f16).
func elementsOf(bytes int64, typ string) (int64, error) {
	t, err := typeOf(typ)
	if err != nil {
		return 0, err
	}
	return bytes / t.BlockBytes() * t.BlockElements(), nil
}

// plainBits is the number in the type's name: q5_1 has 5 bits, f16 has 16.
func plainBits(t gguf.Type) int64 {
	name := strings.TrimLeft(t.String(), "abcdefghijklmnopqrstuvwxyz")
	digits, _, _ := strings.Cut(name, "_")
	bits, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return t.BlockBytes() * 8 / t.BlockElements()
	}
	return bits
}

// size is the model's parts, from its own tensors only while nothing is
// assumed of its shape.
func (q question) size() (cost.Size, error) { return cost.SizeOf(q.Facts, q.Weights) }

func (q question) params() (int64, error) {
	size, err := q.size()
	if err != nil {
		return 0, err
	}
	sum := size.Params
	if q.twoNorms {
		sum += q.normParams() - sizeOfPart(size, cost.Norms)
	}
	if q.ownHead && sizeOfPart(size, cost.OutputHead) == 0 {
		sum += q.Facts.Vocab * q.Facts.Hidden
	}
	return sum, nil
}

func (q question) normParams() int64 { return 2 * q.Facts.Hidden * int64(len(q.Facts.Layers)) }

func sizeOfPart(size cost.Size, part cost.Part) int64 {
	for _, p := range size.Parts {
		if p.Part == part {
			return p.Params
		}
	}
	return 0
}

// weightBytes is exact where matrices have one type and vectors are f32; plain
// types store all parameters alike.
func (q question) weightBytes() (int64, error) {
	if q.plainTypes {
		n, err := q.params()
		if err != nil {
			return 0, err
		}
		return q.sizeOf(n, q.Weights)
	}
	size, err := q.size()
	return size.Bytes, err
}

// flops is the exact cost, with the products that are left out or simplified
// exchanged.
func (q question) flops() (int64, error) {
	if q.Work == nil {
		return 0, fmt.Errorf("no work to count the operations of")
	}
	w := *q.Work
	w.Weights = q.Weights
	c, err := cost.LlamaCpp(q.Facts, q.Params, w)
	if err != nil {
		return 0, err
	}
	sum := c.FLOPs()
	for _, t := range c.Terms {
		if t.Class == cost.Attention {
			sum += q.attention(t.FLOPs) - t.FLOPs
		}
	}
	if q.vectorsToo {
		size, err := q.size()
		if err != nil {
			return 0, err
		}
		sum += 2 * size.Vectors * q.tokens()
	}
	return sum, nil
}

// tokens is how many the work processes, over all sequences.
func (q question) tokens() int64 {
	n := q.Work.NPrompt
	if q.Work.Kind == cost.Decode {
		n = q.Work.NGen
	}
	return int64(n) * int64(max(1, q.Params.NSeq))
}

// attention is what the products with the cache come to, given their exact
// count.
func (q question) attention(exact int64) int64 {
	if q.noAttention {
		return 0
	}
	if !q.wholeContext && q.oneProduct {
		return q.scores(exact)
	}
	if !q.wholeContext {
		return exact
	}
	var perPair int64
	for _, l := range q.Facts.Layers {
		if a := l.Attention; a != nil {
			perPair += 2 * a.Heads * a.KeyDim
			if !q.oneProduct {
				perPair += 2 * a.Heads * a.ValueDim
			}
		}
	}
	return perPair * q.pairs()
}

// scores is the part of attention that multiplies queries with keys.
func (q question) scores(exact int64) int64 {
	for _, l := range q.Facts.Layers {
		if a := l.Attention; a != nil {
			return exact / (a.KeyDim + a.ValueDim) * a.KeyDim
		}
	}
	return 0
}

// pairs is the number of query and key tokens that meet when every token of a
// prompt attends to the whole of it, and a generated one to all before it and
// itself.
func (q question) pairs() int64 {
	depth, n := int64(q.Work.NDepth), int64(q.Work.NPrompt)
	seqs := int64(max(1, q.Params.NSeq))
	if q.Work.Kind == cost.Decode {
		n = int64(q.Work.NGen)
		return seqs * (n*depth + n*(n+1)/2)
	}
	return seqs * n * (depth + n)
}
