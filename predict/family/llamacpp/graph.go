package llamacpp

import (
	"slices"

	"assay/predict/arch"
)

// Graph is what a family's graph evaluates beside the nodes that its tensors
// make and those that all graphs have; read from src/models of v0.5.0 and
// checked against the graphs that six releases evaluated. Nodes that compute
// nothing (views, permutations) and nodes without elements do not count; a
// kernel may fuse two that do (RMS_NORM and MUL from b10361 on).
type Graph struct {
	// Embedding follows the look-up of the tokens, Head the output head.
	Embedding, Head int64
	// Queries are made in an attention layer between projections and attention,
	// beside norms and biases: rotary embedding of queries and keys, scales.
	Queries func(layer int, a *arch.Attention, f *arch.Facts) int64
	// Plain is what attention takes more where there is no flash attention.
	Plain int64
	// Activation is in every dense MLP.
	Activation int64
	// Router chooses experts and weighs them; Normed: the weights are made to
	// sum up to one.
	Router int64
	Normed bool
	// Picks are the GET_ROWS that pick the outputs. The first is what the layer's
	// mixer made; with one alone its sum with the layer's input is picked.
	Picks int64
}

// rotated is every attention layer's ROPE of queries and keys, and more.
func rotated(more int64) func(int, *arch.Attention, *arch.Facts) int64 {
	return func(int, *arch.Attention, *arch.Facts) int64 { return 2 + more }
}

func unrotated(int, *arch.Attention, *arch.Facts) int64 { return 0 }

// ropeOn is the ROPE of queries and keys, in models that have it.
func ropeOn(_ int, _ *arch.Attention, f *arch.Facts) int64 {
	if f.Unrotated {
		return 0
	}
	return 2
}

// windowRotated: layers without a window have no rotary embedding.
func windowRotated(_ int, a *arch.Attention, _ *arch.Facts) int64 {
	if a.Window > 0 {
		return 2
	}
	return 0
}

// threeOfFour: every fourth layer has no rotary embedding.
func threeOfFour(layer int, _ *arch.Attention, _ *arch.Facts) int64 {
	if (layer+1)%4 == 0 {
		return 0
	}
	return 2
}

// llama4Queries: rotated queries and keys are normed without weights, except in
// the model of 128 experts; the others' temperature is one MUL.
func llama4Queries(layer int, _ *arch.Attention, f *arch.Facts) int64 {
	experts := func(l arch.Layer) bool {
		return l.FeedForward != nil && l.FeedForward.Experts != nil && l.FeedForward.Experts.Count == 128
	}
	switch {
	case (layer+1)%4 == 0:
		return 1
	case slices.ContainsFunc(f.Layers, experts):
		return 2
	}
	return 2 + 2
}
