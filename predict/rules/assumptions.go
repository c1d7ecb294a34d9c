package rules

import (
	"fmt"

	"assay/predict/arch"
)

// plainly is an assumption that is worded alike for every case.
func plainly(name, truth string, apply func(*question)) assumption {
	return assumption{name, apply, func(Case) string { return name + "; " + truth }}
}

// Assumptions about the model.
var (
	headsFillHidden = assumption{
		name: "a head dimension of hidden ÷ heads",
		apply: func(q *question) {
			for _, a := range attentions(q.Facts) {
				a.KeyDim = q.Facts.Hidden / max(1, a.Heads)
				a.ValueDim = a.KeyDim
			}
			q.Facts.Tensors = nil
		},
		says: func(c Case) string {
			for _, a := range attentions(c.Facts) {
				return fmt.Sprintf("head dimension %d, from hidden %d ÷ %d heads; the model's is %d",
					c.Facts.Hidden/max(1, a.Heads), c.Facts.Hidden, a.Heads, a.KeyDim)
			}
			return "a head dimension of hidden ÷ heads"
		},
	}
	everyHeadOwnKeys = assumption{
		name: "as many KV heads as query heads",
		apply: func(q *question) {
			for _, a := range attentions(q.Facts) {
				a.KVHeads = a.Heads
			}
			q.Facts.Tensors = nil
		},
		says: func(c Case) string {
			for _, a := range attentions(c.Facts) {
				return fmt.Sprintf("K and V projections as wide as Q, no grouped-query discount; the model has %d KV heads for %d query heads",
					a.KVHeads, a.Heads)
			}
			return "as many KV heads as query heads"
		},
	}
	globalFirst = assumption{
		name:  "the global layers come first",
		apply: func(q *question) { setGlobal(&q.Facts, firstGlobal[q.Facts.Family]) },
		says: func(c Case) string {
			return fmt.Sprintf("the first %d layers global, the others windowed; the model's global layers are %s",
				firstGlobal[c.Facts.Family], layerList(fullLayers(c.Facts)))
		},
	}
	noWindows = plainly("every layer keeps every token", "the model has windowed layers", func(q *question) {
		for _, a := range attentions(q.Facts) {
			a.Window, a.Chunked = 0, false
		}
	})
	noLatent = plainly("every KV head keeps its own keys and values", "the model keeps one compressed row", func(q *question) {
		for _, a := range attentions(q.Facts) {
			a.MLA = nil
		}
	})
	noSharing = plainly("every layer keeps its own keys and values", "some of the model's layers read another's", func(q *question) {
		for _, a := range attentions(q.Facts) {
			a.SharedFrom = nil
		}
	})
	denseOnly = plainly("one dense MLP a layer", "the model routes each token to some of its experts", func(q *question) {
		for i := range q.Facts.Layers {
			q.Facts.Layers[i].FeedForward = dense(q.Facts.Layers[i].FeedForward)
		}
		q.Facts.Tensors = nil
	})
	llamaBlocks = plainly("attention and a gated MLP in every layer, and nothing else", "the model has other parts",
		func(q *question) {
			q.Facts.Family, q.Facts.Tensors = "llama", nil
			for i := range q.Facts.Layers {
				q.Facts.Layers[i] = llamaBlock(q.Facts.Layers[i], q.reference)
			}
		})
)

// Assumptions about the runtime and the computation.
var (
	noPadding = plainly("as many cells as tokens", "the runtime rounds up, per sequence",
		func(q *question) { q.unpadded = true })
	windowOnly = plainly("a windowed layer keeps its window alone",
		"the runtime adds room for a micro-batch, or keeps all with swa_full", func(q *question) { q.windowAlone = true })
	plainTypes = plainly("a type takes the bits in its name", "its blocks have scales too",
		func(q *question) { q.plainTypes = true })
	noStates = plainly("no recurrent states", "the model has some", func(q *question) { q.stateless = true })

	oneProduct = plainly("one attention product, queries with keys", "scores are multiplied with the values too",
		func(q *question) { q.oneProduct = true })
	tokensNotCells = plainly("attention over the tokens of the sequence",
		"the runtime attends to padded cells, which grow from micro-batch to micro-batch",
		func(q *question) { q.wholeContext = true })
	noAttention = plainly("no products with the cache", "attention multiplies queries, keys and values",
		func(q *question) { q.noAttention = true })
	everyOutput = plainly("the last layer and the output head for every token",
		"the runtime runs them for the tokens whose logits are asked for", func(q *question) { q.Work.AllOutputs = true })
	noRotation = plainly("a quantised cache costs no arithmetic", "the runtime rotates its keys and values",
		func(q *question) { q.Params.TypeK, q.Params.TypeV = "f16", "f16" })
	vectorsMultiply = plainly("every parameter multiplies every token", "norms and biases are no products",
		func(q *question) { q.vectorsToo = true })
	twoNorms = plainly("two norms a layer and no other vector", "the model has others",
		func(q *question) { q.twoNorms = true })
	ownHead = plainly("an output head of its own", "the model uses the embedding once more",
		func(q *question) { q.ownHead = true })
)

// firstGlobal is EXP-001's table of patterns: how many of a family's first
// layers it takes to be global.
var firstGlobal = map[string]int{"gemma3": 8}

// attentions are the model's attention parts, to be read or changed.
func attentions(f arch.Facts) []*arch.Attention {
	var out []*arch.Attention
	for _, l := range f.Layers {
		if l.Attention != nil {
			out = append(out, l.Attention)
		}
	}
	return out
}

// setGlobal takes the window off the first n layers and gives it to the
// others; 0 leaves the model as it is.
func setGlobal(f *arch.Facts, n int) {
	var window int64
	for _, a := range attentions(*f) {
		window = max(window, a.Window)
	}
	if n == 0 || window == 0 {
		return
	}
	for i, a := range attentions(*f) {
		a.Window = window
		if i < n {
			a.Window = 0
		}
	}
}

// dense is the MLP that a rule without experts takes a routed one for: as wide
// as the metadata's feed_forward_length, the shared expert where there is one.
func dense(ff *arch.FeedForward) *arch.FeedForward {
	if ff == nil || ff.Experts == nil {
		return ff
	}
	width := ff.Experts.SharedIntermediate
	if width == 0 {
		width = ff.Experts.Intermediate
	}
	return &arch.FeedForward{Intermediate: width, Gated: ff.Gated}
}

// llamaBlock makes a layer of the kind that Llama has, with what the reference
// has where the layer has no such part.
func llamaBlock(l, reference arch.Layer) arch.Layer {
	l.Recurrent = nil
	if l.Attention == nil {
		l.Attention = reference.Attention
	}
	if l.FeedForward == nil {
		l.FeedForward = reference.FeedForward
	}
	if a := l.Attention; a != nil {
		l.Attention = &arch.Attention{Heads: a.Heads, KVHeads: a.KVHeads, KeyDim: a.KeyDim, ValueDim: a.ValueDim}
	}
	if ff := l.FeedForward; ff != nil {
		l.FeedForward = &arch.FeedForward{Intermediate: ff.Intermediate, Gated: true, Experts: ff.Experts}
	}
	return l
}

// kvDefaults are the assumptions that every rule of thumb about caches shares.
var kvDefaults = []assumption{noPadding, plainTypes, noStates, noSharing}
