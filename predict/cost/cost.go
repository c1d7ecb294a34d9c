// Package cost predicts what a piece of work asks of a machine: operations by
// class and weight type, bytes of weights and cache moved, and the parameters
// and bytes of a model by part. It computes from architecture facts and a
// runtime's policy alone, runs nothing, and says nothing of time.
package cost

import (
	"cmp"
	"math"
	"slices"

	"assay/predict/arch"
)

// Kind says what the work does.
type Kind string

// The kinds of work.
const (
	Prefill Kind = "prefill"
	Decode  Kind = "decode"
)

// Work is one sample: NPrompt tokens taken in calls of n_batch tokens of which
// only the last one's logits are asked for, or NGen calls of one token each
// with its logits; either after NDepth tokens, which are not counted. With
// several sequences each of them does all of that: a prefill takes sequence
// after sequence, a decode step one token of each.
type Work struct {
	Kind    Kind
	NPrompt int
	NGen    int
	NDepth  int
	// AllOutputs asks for the logits of every token, as a perplexity does.
	AllOutputs bool
	// Rough asks for a count where the runtime's own rule is not known: every
	// matrix of llama.cpp's layout once a token, which is a few percent off.
	Rough bool
	// Weights is the type of matrices where the facts come from a config and
	// not from a file that says; empty is f16.
	Weights string
}

// Class is a group of operations that have the same rate.
type Class string

// The classes, in the order in which they are reported.
const (
	Weights   Class = "weights"   // products with weights that every token meets
	Experts   Class = "experts"   // products with the experts that were chosen
	Head      Class = "head"      // the output head
	Attention Class = "attention" // products with the cache
)

// Op is an operation of ggml's graph, by its name there.
type Op string

// The operations that carry FLOPs.
const (
	MulMat    Op = "MUL_MAT"
	MulMatID  Op = "MUL_MAT_ID"
	FlashAttn Op = "FLASH_ATTN_EXT"
)

// Term is the arithmetic and the traffic of one class on one type, over the
// whole sample.
type Term struct {
	Class Class
	// Type is the weights' type, or the K cache's for attention.
	Type  string
	FLOPs int64
	// Bytes are weights touched, once a step; for attention the cells and
	// states read. Of experts, those expected when tokens choose evenly.
	Bytes int64
	// ValueFLOPs are, for attention, those of FLOPs that multiply scores with
	// values.
	ValueFLOPs int64
	// LiveFLOPs are, for attention, those of FLOPs that fall on cells which the
	// mask lets through: a kernel may skip the others.
	LiveFLOPs int64
	// RowBytes is, for attention, the distance in memory from one cell's keys to
	// the next cell's; over layers that differ, the mean by FLOPs.
	RowBytes int64
}

// Cost is what one sample has to do. FLOPs count a multiplication and an
// addition each, of matrix products and attention only.
type Cost struct {
	// Steps is the number of graphs evaluated.
	Steps int64
	// Nodes is the number of graph nodes evaluated, those that compute nothing
	// left out; nil for a family whose graph is not known that well.
	Nodes *int64
	// Products is the number of matrix products among them, attention of a layer
	// counted as one: what a graph's other nodes are in proportion to.
	Products int64
	// Layers are the blocks evaluated over all steps.
	Layers Layers
	// Terms are sorted by class and type.
	Terms []Term
	// Ops has the same FLOPs by operation of ggml's; nil for another runtime.
	Ops map[Op]int64
	// ExpertBytesLower and ExpertBytesUpper are what Terms' expert bytes cannot
	// leave: all tokens choosing the same experts, or as many different ones as
	// they can.
	ExpertBytesLower, ExpertBytesUpper int64
	// KVWriteBytes are rows and states written.
	KVWriteBytes int64
	// ActivationBytes are the f32 operands and results of the counted products.
	ActivationBytes int64
}

// Layers counts blocks, and of these the ones that have experts, and a recurrent
// state.
type Layers struct{ All, Experts, Recurrent int64 }

// layersOf are those of a model, evaluated so often.
func layersOf(f arch.Facts, steps int64) Layers {
	l := Layers{All: steps * int64(len(f.Layers))}
	for _, layer := range f.Layers {
		if layer.FeedForward != nil && layer.FeedForward.Experts != nil {
			l.Experts += steps
		}
		if layer.Recurrent != nil {
			l.Recurrent += steps
		}
	}
	return l
}

// FLOPs is the sum over the terms.
func (c Cost) FLOPs() int64 {
	var sum int64
	for _, t := range c.Terms {
		sum += t.FLOPs
	}
	return sum
}

// Bytes is all that is moved: weights, cache and activations.
func (c Cost) Bytes() int64 {
	sum := c.KVWriteBytes + c.ActivationBytes
	for _, t := range c.Terms {
		sum += t.Bytes
	}
	return sum
}

// add counts one operation.
func (c *Cost) add(class Class, typ string, op Op, flops, bytes int64) {
	i := slices.IndexFunc(c.Terms, func(t Term) bool { return t.Class == class && t.Type == typ })
	if i < 0 {
		c.Terms = append(c.Terms, Term{Class: class, Type: typ})
		i = len(c.Terms) - 1
	}
	c.Terms[i].FLOPs += flops
	c.Terms[i].Bytes += bytes
	if flops > 0 {
		if op != "" {
			c.Ops[op] += flops
		}
		c.Products++
	}
}

// attend counts what is particular to attention, after its operation was added:
// values are those of flops that scores and values take, rowBytes is that of the
// cells which flops went over.
func (c *Cost) attend(typ string, flops, values, live, rowBytes int64) {
	i := slices.IndexFunc(c.Terms, func(t Term) bool { return t.Class == Attention && t.Type == typ })
	t := &c.Terms[i]
	t.ValueFLOPs += values
	t.LiveFLOPs += live
	if flops > 0 {
		share := float64(flops) / float64(t.FLOPs)
		t.RowBytes += int64(math.Round(share * float64(rowBytes-t.RowBytes)))
	}
}

// sort puts the terms in a fixed order.
func (c *Cost) sort() {
	order := []Class{Weights, Experts, Head, Attention}
	slices.SortFunc(c.Terms, func(a, b Term) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Class), slices.Index(order, b.Class)),
			cmp.Compare(a.Type, b.Type))
	})
}
