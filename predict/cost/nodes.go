package cost

import (
	"slices"

	"assay/predict/arch"
	"assay/predict/kv"
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
// that hang on metadata which the facts do not have (granite, granitehybrid:
// scales; deepseek2: how experts are weighed and grouped) and those with a block
// of their own (gemma3n, qwen3next).
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
	"llama4": {queries: llama4Queries, activation: 1, router: 5, picks: 2},
	"mamba2": {picks: 2},
	"lfm2":   {queries: rotated(0), activation: 1, picks: 2},
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
	halfMask    = "b10361" // flash attention's mask is made in f16, not cast
)

// nodes is how many nodes the graphs evaluate; nil where the family's graph is
// not known or a tensor of the model is none that the family has.
func (c *counter) nodes(p kv.Params, table []weight) *int64 {
	g, known := graphs[c.facts.Family]
	if !known {
		return nil
	}
	if c.tailless {
		g.picks = 1
	}
	n := &nodeCounter{counter: c, graph: g, params: p}
	for i := range c.facts.Layers {
		if !n.layer(i) {
			return nil
		}
	}
	n.body += g.embedding
	n.tail += g.picks + g.head
	if !slices.ContainsFunc(table, func(w weight) bool { return w.use == output }) {
		n.tail++ // the head is the embedding once more
	}
	n.masks()
	for _, w := range table {
		if !n.tensor(w) {
			return nil
		}
	}
	var sum int64
	for _, s := range c.steps {
		sum += n.body
		if s.outputs > 0 {
			sum += n.tail
		}
		if s.startsSequence() {
			sum += n.start
		}
	}
	return &sum
}

// nodeCounter sums up one graph: what every graph has, what only one with
// outputs has, and what starts a sequence.
type nodeCounter struct {
	*counter
	graph             graph
	params            kv.Params
	body, tail, start int64
}

// behind adds to what stands behind the picked outputs in the last layer.
func (n *nodeCounter) behind(layer int, nodes int64) {
	if layer == len(n.facts.Layers)-1 && !n.tailless {
		n.tail += nodes
		return
	}
	n.body += nodes
}

// layer adds a layer's nodes, and says whether all of them are known.
func (n *nodeCounter) layer(i int) bool {
	l, mixers := n.facts.Layers[i], int64(0)
	if a := l.Attention; a != nil {
		if a.MLA != nil || a.Gated || a.SharedFrom != nil {
			return false
		}
		mixers++
		n.attention(i, a)
	}
	if r := l.Recurrent; r != nil {
		of, known := recurrences[r.Kind]
		if !known {
			return false
		}
		mixers++
		n.body += of.steps
		n.start += of.resets
	}
	// Each part's result is added to what came before it.
	if n.graph.picks == 1 {
		n.body += mixers
	} else {
		n.behind(i, mixers)
	}
	if ff := l.FeedForward; ff != nil {
		n.behind(i, n.feedForward(ff)+1)
	}
	return true
}

// attention is build_attn (src/llama-graph.cpp): keys and values go into the
// cache (SET_ROWS), then one node, or two products, a softmax and a copy.
// Quantised keys and values are rotated, each with a second product.
func (n *nodeCounter) attention(i int, a *arch.Attention) {
	n.body += n.graph.queries(i, a, &n.facts) + 2 + 1
	if !n.params.FlashAttn {
		n.body += 3 + n.graph.plain
	}
	if at, ok := n.cacheOf(i); ok {
		if n.plan.Caches[at].RotationK > 0 {
			n.body += 2
		}
		if n.plan.Caches[at].RotationV > 0 {
			n.body += 2
		}
	}
}

// feedForward is build_ffn or build_moe_ffn without products, norms and biases.
func (n *nodeCounter) feedForward(ff *arch.FeedForward) int64 {
	e := ff.Experts
	if e == nil {
		return n.graph.activation
	}
	// The experts' results are added up; a single one is copied.
	nodes := n.graph.router + 1 + max(1, e.Used-1)
	if n.graph.normed {
		nodes += 3
		if kv.Older(n.params.Release, clampsSince) {
			nodes--
		}
	}
	if e.SharedIntermediate > 0 {
		nodes += 2 // activation, sum
	}
	if e.SharedGate {
		nodes += 3 // a sigmoid of two nodes, its product
	}
	return nodes
}

// masks are cast for flash attention, one for each cache that is read.
func (n *nodeCounter) masks() {
	if !n.params.FlashAttn || !kv.Older(n.params.Release, halfMask) {
		return
	}
	for _, c := range n.plan.Caches {
		if c.Class != kv.Recurrent && len(c.Layers) > 0 {
			n.body++
		}
	}
}

// tensor adds the nodes that a weight makes, and says whether they are known.
func (n *nodeCounter) tensor(w weight) bool {
	nodes, known := w.nodes()
	switch {
	case w.tail && w.layer < 0:
		n.tail += nodes
	case w.tail:
		n.behind(w.layer, nodes)
	default:
		n.body += nodes
	}
	return known
}

// startsSequence says that a sequence's first token is among the step's.
func (s step) startsSequence() bool {
	return slices.ContainsFunc(s.runs, func(r kv.Run) bool { return r.Pos == 0 })
}
