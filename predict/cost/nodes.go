package cost

import (
	"slices"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/kv"
	"assay/predict/tensor"
)

// nodes is how many nodes the graphs evaluate; nil where the family's graph is
// not known or a tensor of the model is none that the family has.
func (c *counter) nodes(p kv.Params, table []weight) *int64 {
	if c.family.Graph == nil {
		return nil
	}
	g := *c.family.Graph
	if c.tailless && !c.joined {
		g.Picks = 1
	}
	n := &nodeCounter{counter: c, graph: g, params: p}
	for i := range c.facts.Layers {
		if !n.layer(i) {
			return nil
		}
	}
	n.scales()
	n.body += g.Embedding
	n.tail += g.Picks + g.Head
	if !slices.ContainsFunc(table, func(w weight) bool { return w.Use == tensor.Output }) {
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
	graph             family.Graph
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

// join adds the nodes that add a part's result to what came before it.
func (n *nodeCounter) join(layer int, nodes int64) {
	if n.joined && layer == len(n.facts.Layers)-1 {
		n.tail += nodes
		return
	}
	n.behind(layer, nodes)
}

// layer adds a layer's nodes, and says whether all of them are known.
func (n *nodeCounter) layer(i int) bool {
	l, mixers := n.facts.Layers[i], int64(0)
	if a := l.Attention; a != nil {
		if a.Gated || a.SharedFrom != nil {
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
		if n.gathers() {
			n.body += of.gathers
		}
		n.start += of.resets
	}
	// Each part's result is added to what came before it.
	if n.graph.Picks == 1 {
		n.body += mixers
	} else {
		n.join(i, mixers*n.perResidual())
	}
	if ff := l.FeedForward; ff != nil {
		n.behind(i, n.feedForward(ff))
		n.join(i, n.perResidual())
	}
	return true
}

// scales adds the products with constants in front of the layers and behind them.
func (n *nodeCounter) scales() {
	if n.facts.Scales.Embedding != 0 {
		n.body++
	}
	if n.facts.Scales.Logit != 0 {
		n.tail++
	}
}

// perResidual is what adding a part's result to the layer's input takes.
func (n *nodeCounter) perResidual() int64 {
	if n.facts.Scales.Residual != 0 {
		return 2
	}
	return 1
}

// attention is build_attn (src/llama-graph.cpp): keys and values go into the
// cache (SET_ROWS), then one node, or two products, a softmax and a copy.
// Quantised keys and values are rotated, each with a second product.
func (n *nodeCounter) attention(i int, a *arch.Attention) {
	n.body += n.graph.Queries(i, a, &n.facts) + 2 + 1
	if a.MLA != nil && (!n.params.FlashAttn || keysAlone.Has(n.params.Release)) {
		// Values are a part of the keys. Where they are stored nevertheless, flash
		// attention alone needs one node more: the others have them transposed.
		n.body--
	}
	if !n.params.FlashAttn {
		n.body += 3 + n.graph.Plain
		if n.params.FlashTurnedOff && a.MLA == nil {
			n.body++ // values lie as flash attention wants them: one copy transposes them
		}
	}
	for _, typ := range []string{n.params.TypeK, n.params.TypeV} {
		if castTo16(n.params, typ) {
			n.body++
		}
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
		return n.graph.Activation
	}
	// The experts' results are added up; a single one is copied.
	nodes := n.graph.Router + 1 + max(1, e.Used-1)
	if n.graph.Normed || e.NormedWeights {
		nodes += 3
		if !clamped.Has(n.params.Release) {
			nodes--
		}
	}
	if e.WeightScale != 0 && (e.WeightScale != 1 || scaledByOne.Has(n.params.Release)) {
		nodes++
	}
	if e.Groups > 1 && grouped.Has(n.params.Release) {
		// The two best of each group are added up, and all but the best groups filled
		// with -∞.
		nodes += 7
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
	if !n.params.FlashAttn || !castMask.Has(n.params.Release) {
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
	if n.behindPick(w) {
		n.tail += nodes
	} else {
		n.body += nodes
	}
	return known
}

// startsSequence says that a sequence's first token is among the step's.
func (s step) startsSequence() bool {
	return slices.ContainsFunc(s.runs, func(r kv.Run) bool { return r.Pos == 0 })
}
