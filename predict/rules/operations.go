package rules

import (
	"fmt"

	"assay/predict/cost"
)

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
	var attention, values int64
	for _, t := range c.Terms {
		if t.Class == cost.Attention {
			attention += t.FLOPs
			values += t.ValueFLOPs
		}
	}
	sum := c.FLOPs() - attention + q.attention(attention, values)
	if q.vectorsToo {
		size, err := cost.SizeOf(q.Facts, q.Weights)
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
// count and what of it are products with values.
func (q question) attention(exact, values int64) int64 {
	if q.noAttention {
		return 0
	}
	if !q.wholeContext && q.oneProduct {
		return exact - values
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
