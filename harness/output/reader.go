package output

import (
	"cmp"
	"math"
	"slices"

	"assay/results/logit"
)

// How many logits are kept at a position: of the leading tokens, and of tokens
// spread evenly over the vocabulary, by which outputs that have no leading token in
// common are compared.
const (
	leading = 12
	spread  = 8
)

// run is how many tokens in a row are scored, head how many at the beginning.
const (
	run  = 16
	head = 32
)

// Reader takes rows of logits as they come and keeps what a record has of them.
type Reader struct {
	sequence Sequence
	out      logit.Output
}

// NewReader reads a sequence of so many tokens.
func NewReader(s Sequence, tokens int) *Reader {
	return &Reader{sequence: s, out: logit.Output{
		Sequence: s.Kind, SHA256: s.SHA256(), Vocab: s.Vocab, Tokens: tokens,
		Scored: []int{}, LogProbs: []float32{}, Best: []int32{}, Positions: []logit.Position{},
	}}
}

// Wants reports whether the logits at the i-th token are scored: the first 32, 16
// from each power of two on, which lie behind windows and micro-batches, and the
// last 16. The first two do not depend on how long the sequence is, so that a long
// one and a short one are compared.
func (r *Reader) Wants(i int) bool {
	return i < head || i >= r.out.Tokens-run || i-power(i) < run
}

// keeps reports whether logits are kept at the i-th token.
func (r *Reader) keeps(i int) bool {
	return i == 0 || i == run-1 || i == head-1 || i == r.out.Tokens-1 || i > head && i-power(i) == run-1
}

// power is the largest power of two that is not above i.
func power(i int) int {
	n := 1
	for 2*n <= i {
		n *= 2
	}
	return n
}

// Row takes the logits at the i-th token.
func (r *Reader) Row(i int, logits []float32) {
	if !r.finite(i, logits) {
		return
	}
	best, sum := summed(logits)
	lse := float64(logits[best]) + math.Log(sum)
	next := r.sequence.At(0, i+1)
	logProb := float64(logits[next]) - lse
	if math.IsInf(logProb, 0) || math.IsInf(lse, 0) || math.IsNaN(lse) {
		return // a token that the model rules out has no likelihood, and none has where a logit is infinite
	}
	r.out.Scored = append(r.out.Scored, i)
	r.out.LogProbs = append(r.out.LogProbs, float32(logProb))
	r.out.Best = append(r.out.Best, int32(best))
	r.out.LogLikelihood += logProb
	if r.keeps(i) {
		r.keep(i, logits, lse)
	}
}

// finite counts what is not a number or infinite; a row with a NaN is no output.
func (r *Reader) finite(i int, logits []float32) bool {
	nan := r.out.NaN
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range logits {
		v := float64(l)
		switch {
		case v-v == 0: // finite, as nearly all are
			if v < low {
				low = v
			}
			if v > high {
				high = v
			}
		case v != v:
			r.out.NaN++
		default:
			r.out.Inf++
		}
	}
	if low <= high {
		if r.out.Min == nil {
			r.out.Min, r.out.Max = &low, &high
		}
		*r.out.Min, *r.out.Max = min(*r.out.Min, low), max(*r.out.Max, high)
	}
	if r.out.NaN == nan {
		return true
	}
	if r.out.FirstNaN == nil {
		r.out.FirstNaN = &i
	}
	return false
}

// summed is the first largest logit and the sum of all exponentials over it.
func summed(logits []float32) (best int, sum float64) {
	for i, l := range logits {
		if l > logits[best] {
			best = i
		}
	}
	for _, l := range logits {
		sum += exp(float64(l) - float64(logits[best]))
	}
	return best, sum
}

// keep writes down a position.
func (r *Reader) keep(i int, logits []float32, lse float64) {
	p := logit.Position{At: i, LogSumExp: lse, Spread: deviation(logits), Tokens: leaders(logits)}
	for k := range min(spread, len(logits)) {
		token := int32(k * len(logits) / min(spread, len(logits)))
		if !slices.Contains(p.Tokens, token) && !math.IsInf(float64(logits[token]), 0) {
			p.Tokens = append(p.Tokens, token)
		}
	}
	for _, token := range p.Tokens {
		p.Logits = append(p.Logits, logits[token])
	}
	r.out.Positions = append(r.out.Positions, p)
}

// leaders are the tokens of the largest logits, the largest first.
func leaders(logits []float32) []int32 {
	byLogit := func(a, b int32) int {
		return cmp.Or(cmp.Compare(logits[b], logits[a]), cmp.Compare(a, b))
	}
	var top []int32
	for i, l := range logits {
		if math.IsInf(float64(l), 0) || len(top) == leading && l <= logits[top[leading-1]] {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, int32(i), byLogit)
		top = slices.Insert(top, at, int32(i))
		top = top[:min(len(top), leading)]
	}
	return top
}

// deviation is the standard deviation of the finite logits.
func deviation(logits []float32) float64 {
	n, sum, squares := 0.0, 0.0, 0.0
	for _, l := range logits {
		if v := float64(l); !math.IsInf(v, 0) {
			n, sum, squares = n+1, sum+v, squares+v*v
		}
	}
	return math.Sqrt(max(0, squares/n-(sum/n)*(sum/n)))
}

// Output is what was read.
func (r *Reader) Output() *logit.Output { return &r.out }
