package cost

import (
	"fmt"
	"math"
	"slices"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/kv"
	"assay/predict/tensor"
)

// activationBytes is the size of an element between two products: llama.cpp's
// graphs pass f32.
const activationBytes = 4

// LlamaCpp predicts what llama.cpp executes for the work, to the operation:
// over padded cells, micro-batch by micro-batch, the last layer's tail and the
// output head for the outputs alone. The error wraps ErrNoRule for a model with a
// matrix whose use is not known.
func LlamaCpp(f arch.Facts, p kv.Params, w Work) (Cost, error) {
	plan, err := kv.LlamaCpp(f, p)
	if err != nil {
		return Cost{}, err
	}
	table, err := weights(f, w.Weights)
	if err != nil {
		return Cost{}, fmt.Errorf("cost of %s: %w", f.Name, err)
	}
	if err := unknown(table); err != nil {
		return Cost{}, fmt.Errorf("cost of %s: %w", f.Name, err)
	}
	if err := unfused(f, p.Release); err != nil {
		return Cost{}, fmt.Errorf("cost of %s: %w", f.Name, err)
	}
	steps, err := schedule(plan, max(1, p.NSeq), w)
	if err != nil {
		return Cost{}, fmt.Errorf("cost of %s: %w", f.Name, err)
	}
	fam, _ := family.Of(f.Family)
	c := &counter{Cost: Cost{Steps: int64(len(steps)), Layers: layersOf(f, int64(len(steps))), Ops: map[Op]int64{}},
		facts: f, family: fam, plan: plan, steps: steps,
		sequences: int64(max(1, p.NSeq)), release: p.Release,
		tailless: hasNoTail(fam.Tail, p.Release)}
	c.joined = c.tailless && joins(fam.Tail, p.Release)
	c.normedFirst = c.tailless && !fam.Tail.BeforeNorm && !c.joined
	for _, t := range table {
		c.weight(t)
	}
	if f.TiedEmbeddings {
		c.tiedHead(table)
	}
	if err := c.attention(p); err != nil {
		return Cost{}, fmt.Errorf("cost of %s: %w", f.Name, err)
	}
	c.states()
	c.Nodes = c.nodes(p, table)
	c.sort()
	return c.Cost, nil
}

// inProducts is when the gated delta rule was written out in products over chunks
// of tokens, and not one operation.
var inProducts = kv.Span{Until: "b8352"}

// unfused says that a model has layers whose products in that release are not
// known.
func unfused(f arch.Facts, release string) error {
	gated := slices.ContainsFunc(f.Layers, func(l arch.Layer) bool { return l.Recurrent != nil && l.Recurrent.Kind == "gated-delta" })
	if gated && inProducts.Has(release) {
		return fmt.Errorf("%w: llama.cpp %s computes the gated delta rule in products that are not counted here", ErrNoRule, release)
	}
	return nil
}

// joins says that the outputs are picked between the last layer and its sum.
func joins(t family.Tail, release string) bool {
	return t.JoinedSince != "" && (kv.Span{Until: t.JoinedUntil}.Has(release) || kv.Span{Since: t.JoinedSince}.Has(release))
}

// counter sums up one piece of work.
type counter struct {
	Cost
	facts  arch.Facts
	family *family.Family
	plan   kv.Plan
	steps  []step
	// sequences are the context's.
	sequences int64
	release   string
	tailless  bool
	// normedFirst: the last norm, too, runs for all tokens. joined: the last layer's
	// result is added to its input for the outputs alone.
	normedFirst, joined bool
}

// rows is how many tokens of the step meet the tensor.
func (c *counter) rows(w weight, s step) int64 {
	if c.behindPick(w) {
		return s.outputs
	}
	return s.tokens
}

// behindPick says that the tensor meets only the outputs.
func (c *counter) behindPick(w weight) bool {
	switch {
	case !w.Tail:
		return false
	case w.layer < 0:
		return w.Use != tensor.Norm || !c.normedFirst
	}
	return w.layer == len(c.facts.Layers)-1 && !c.tailless
}

// weight counts one tensor over all steps.
func (c *counter) weight(w weight) {
	if w.Use.OfKeys() && c.sharesCache(w.layer) {
		return
	}
	for _, s := range c.steps {
		rows := c.rows(w, s)
		if rows == 0 {
			continue
		}
		switch w.Use {
		case tensor.Read, tensor.Operand, tensor.Norm, tensor.KeyNorm, tensor.Vector:
			c.add(Weights, w.Type, "", 0, w.bytes)
		case tensor.Lookup:
			c.add(Weights, w.Type, "", 0, rows*w.rowBytes())
		case tensor.Product, tensor.Keys, tensor.Twice, tensor.Mixing:
			c.product(Weights, w, rows, w.bytes)
			c.more(w, rows)
		case tensor.Output:
			c.product(Head, w, rows, w.bytes)
		case tensor.Routed, tensor.Dispatched:
			c.experts(w, rows)
		case tensor.RoutedRead:
			c.expertRows(w, rows)
		}
	}
}

// sharesCache says that the layer reads another's keys and makes none.
func (c *counter) sharesCache(layer int) bool {
	a := c.facts.Layers[layer].Attention
	return a != nil && a.SharedFrom != nil
}

// tiedHead is the output head of a model that has no tensor for it: the
// embedding once more.
func (c *counter) tiedHead(table []weight) {
	for _, w := range table {
		if w.Use == tensor.Output {
			return
		}
		if w.Name == tokenEmbedding {
			w.Use, w.Tail = tensor.Output, true
			c.weight(w)
		}
	}
}

// product is MUL_MAT of the tensor with rows of activations, which reads bytes of
// it. A tensor of three dimensions is a matrix for each head, with its own input.
func (c *counter) product(class Class, w weight, rows, bytes int64) {
	c.add(class, w.Type, MulMat, 2*w.Elements()*rows, bytes)
	in := w.Shape[0]
	if len(w.Shape) == 3 {
		in *= w.Shape[2]
	}
	c.ActivationBytes += (in + w.Elements()/w.Shape[0]) * rows * activationBytes
}

// more counts what follows from the product: a second one with the same
// tensor, or its result's own product with the token's states, of which each
// has the hidden size.
func (c *counter) more(w weight, rows int64) {
	switch w.Use {
	case tensor.Twice:
		c.product(Weights, w, rows, 0)
	case tensor.Mixing:
		c.add(Weights, w.Type, MulMat, 2*w.Shape[1]*c.facts.Hidden*rows, 0)
		c.ActivationBytes += (w.Shape[1] + 2*w.Shape[0]*c.facts.Hidden) * rows * activationBytes
	}
}

// experts is MUL_MAT_ID: every token meets as many of the matrices as the
// layer uses.
func (c *counter) experts(w weight, rows int64) {
	used, count := c.facts.Layers[w.layer].FeedForward.Experts.Used, w.Shape[len(w.Shape)-1]
	each := w.Elements() / count
	inputs := used
	if w.Use == tensor.Dispatched {
		inputs = 1
	}
	c.expertRows(w, rows)
	c.add(Experts, w.Type, MulMatID, 2*each*used*rows, 0)
	c.ActivationBytes += (w.Shape[0]*inputs + each/w.Shape[0]*used) * rows * activationBytes
}

// expertRows are the bytes of those experts that are chosen.
func (c *counter) expertRows(w weight, rows int64) {
	used, count := c.facts.Layers[w.layer].FeedForward.Experts.Used, w.Shape[len(w.Shape)-1]
	each := w.bytes / count
	c.add(Experts, w.Type, "", 0, expectedExperts(count, used, rows, each))
	c.ExpertBytesLower += min(count, used) * each
	c.ExpertBytesUpper += min(count, used*rows) * each
}

// expectedExperts are the bytes of the experts that at least one of the tokens
// chooses, when each token chooses evenly.
func expectedExperts(count, used, rows, each int64) int64 {
	missed := math.Pow(1-float64(used)/float64(count), float64(rows))
	return int64(math.Round(float64(count) * (1 - missed) * float64(each)))
}

// hasNoTail says that the last layer runs for all tokens.
func hasNoTail(t family.Tail, release string) bool {
	return t.LateSince != "" && kv.Span{Since: t.LateSince, Until: t.LateUntil}.Has(release)
}
