package cost

import (
	"slices"

	"assay/predict/arch"
)

// graph is what a family's graph evaluates beside the nodes that its tensors
// make (weight.nodes) and those that all graphs have; read from src/models of
// v0.5.0 and checked against the graphs that six releases evaluated. Nodes that
// compute nothing (views, permutations) and nodes without elements do not count;
// a kernel may fuse two that do (RMS_NORM and MUL from b10361 on).
type graph struct {
	// embedding follows the look-up of the tokens, head the output head.
	embedding, head int64
	// queries are made in an attention layer between projections and attention,
	// beside norms and biases: rotary embedding of queries and keys, scales.
	queries func(layer int, a *arch.Attention, f *arch.Facts) int64
	// plain is what attention takes more where there is no flash attention.
	plain int64
	// activation is in every dense MLP.
	activation int64
	// router chooses experts and weighs them; normed: the weights are made to
	// sum up to one.
	router int64
	normed bool
	// picks are the GET_ROWS that pick the outputs. The first is what the layer's
	// mixer made; with one alone its sum with the layer's input is picked.
	picks int64
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

// graphs are the families whose graphs follow from the facts. Left out are those
// with a block of their own (gemma3n, qwen3next).
var graphs = map[string]graph{
	"llama":    {queries: rotated(0), activation: 1, router: 4, normed: true, picks: 2},
	"qwen2":    {queries: rotated(0), activation: 1, picks: 2},
	"qwen2moe": {queries: rotated(0), activation: 1, router: 4, picks: 2},
	"qwen3":    {queries: rotated(0), activation: 1, picks: 2},
	"qwen3moe": {queries: rotated(0), activation: 1, router: 4, normed: true, picks: 2},
	"smollm3":  {queries: threeOfFour, activation: 1, picks: 2},
	"olmo2":    {queries: rotated(0), activation: 1, picks: 2},
	// Queries are scaled; v is a view of a wider product, that plain attention
	// copies before it transposes it.
	"phi3": {queries: rotated(1), plain: 1, activation: 1, picks: 2},
	// Embeddings and queries are scaled; Gemma 2 caps scores and logits (SCALE,
	// TANH, SCALE).
	"gemma":  {embedding: 1, queries: rotated(1), activation: 1, picks: 2},
	"gemma2": {embedding: 1, queries: rotated(1), plain: 3, head: 3, activation: 1, picks: 2},
	"gemma3": {embedding: 1, queries: rotated(1), activation: 1, picks: 2},
	// The MLP takes the norm beside attention, so its rows are picked too.
	"cohere2": {queries: windowRotated, head: 1, activation: 1, picks: 3},
	// The chosen scores alone go through a softmax.
	"gpt-oss": {queries: rotated(0), router: 4, picks: 2},
	// Experts take their input repeated and weighed.
	"llama4":        {queries: llama4Queries, activation: 1, router: 5, picks: 2},
	"mamba2":        {picks: 2},
	"lfm2":          {queries: rotated(0), activation: 1, picks: 2},
	"granite":       {queries: ropeOn, activation: 1, router: 4, normed: true, picks: 2},
	"granitehybrid": {queries: ropeOn, activation: 1, router: 4, normed: true, picks: 2},
	// The compressed query and key are each joined with their rotated part, and what
	// the latent attention makes is copied behind the product that expands it.
	"deepseek2": {queries: rotated(3), activation: 1, router: 4, picks: 2},
	// The norm in front is made once for each of the two mixers.
	"falcon-h1": {queries: rotated(2), activation: 1, picks: 1},
	// ReLU, squared.
	"nemotron_h": {queries: unrotated, activation: 2, picks: 2},
}

// recurrences are what a recurrent layer evaluates beside its tensors' nodes:
// steps always, and resets, one a state, when a sequence starts.
var recurrences = map[string]struct{ steps, resets int64 }{
	// build_mamba2_layer: both states fetched and stored, the convolution's
	// window, SiLU, two copies in front of the scan, skip and gate.
	"mamba2": {9, 2},
	// build_shortconv_block: the state fetched and stored, the window, two gates.
	"shortconv": {5, 1},
}

// The releases in which graphs changed.
const (
	clampsSince = "b8121"  // the sum that experts' weights are divided by
	groupsSince = "b8121"  // experts are chosen in groups
	keysAlone   = "b8121"  // latent attention stores no values
	skipsUnit   = "b8390"  // experts' weights are not scaled by 1
	halfMask    = "b10361" // flash attention's mask is made in f16, not cast
)
