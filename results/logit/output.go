// Package logit holds what came out of a model for a fixed sequence of tokens, how far
// two such outputs are apart, and whether rounding explains that. It must not know of
// records and cases.
package logit

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Output is what came out of a model for a fixed sequence of tokens, of which the
// last sequence of a case's n_seq is read: enough to tell whether two computations
// of the same agree, and by how much two that should differ do.
//
// The tokens are counted from 0 behind the case's depth; what stands at token i is
// what the model says of token i + 1. Logits are natural logarithms, not normalised.
type Output struct {
	// Sequence is "text" or "random", SHA256 that of its tokens, four bytes each, the
	// lowest first, and Vocab how many tokens the model knows. A case longer than the
	// sequence begins it again.
	Sequence string `json:"sequence"`
	SHA256   string `json:"sha256"`
	Vocab    int    `json:"vocab"`
	// Tokens were evaluated behind the depth.
	Tokens int `json:"tokens"`
	// Scored are the tokens at which all logits were read; LogProbs is what each
	// says of the token that follows in the sequence (nats), Best is the token that
	// it says follows. LogLikelihood is the sum of LogProbs.
	Scored        []int     `json:"scored"`
	LogProbs      []float32 `json:"log_probs"`
	Best          []int32   `json:"best"`
	LogLikelihood float64   `json:"log_likelihood"`
	// Positions are some of Scored, the last of them among these, with logits.
	Positions []Position `json:"positions"`
	// Min and Max are the least and the largest finite logit of all that were read.
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
	// NaN and Inf count logits that are not a number, and infinite ones; a token
	// with one that is not a number is in no other figure, and FirstNaN is the first.
	NaN      int64 `json:"nan"`
	Inf      int64 `json:"inf"`
	FirstNaN *int  `json:"first_nan,omitempty"`
}

// Position holds logits at one token: of the leading tokens, largest first, and of
// some that are the same in every record of the vocabulary. Together with
// LogSumExp, the logarithm of the sum of the exponentials of all logits, they give
// probabilities. Spread is the standard deviation of all logits.
type Position struct {
	At        int       `json:"at"`
	LogSumExp float64   `json:"log_sum_exp"`
	Spread    float64   `json:"spread"`
	Tokens    []int32   `json:"tokens"`
	Logits    []float32 `json:"logits"`
}

// Perplexity is the exponential of the mean negative log-likelihood of the scored
// tokens; 0 where none was scored.
func (o *Output) Perplexity() float64 {
	if len(o.LogProbs) == 0 {
		return 0
	}
	return math.Exp(-o.LogLikelihood / float64(len(o.LogProbs)))
}

// Divergence says how far one output is from another of the same tokens.
type Divergence struct {
	// Scored is at how many tokens both were read, Positions at how many of these
	// logits were compared.
	Scored    int `json:"scored"`
	Positions int `json:"positions"`
	// KL is the mean over the positions of the Kullback-Leibler divergence of the
	// second from the first, in nats, and WorstKL the largest. All tokens that only
	// one of the two kept count as one outcome, so that neither is more than that of
	// all tokens (Cover and Thomas, Elements of Information Theory, 2.7.1: the log
	// sum inequality).
	KL      float64 `json:"kl"`
	WorstKL float64 `json:"worst_kl"`
	// Largest is the largest difference of a logit, less the mean difference at its
	// position, which no probability depends on.
	Largest float64 `json:"largest"`
	// Distance is the root mean square of these differences over the logits' spread,
	// at the position At where it is largest; Usual is its median over the positions.
	Distance float64 `json:"distance"`
	At       int     `json:"at"`
	Usual    float64 `json:"usual"`
	// Run is the median difference of the log-probabilities of up to sixteen scored
	// tokens in a row, as a multiple of the spread that normal differences of this
	// Distance would have, where it is largest: in the tokens from RunAt on. It sees
	// what goes wrong behind some token, and passes over single tokens.
	Run   float64 `json:"run"`
	RunAt int     `json:"run_at"`
	// Perplexity is the ratio of the second's to the first's over Scored.
	Perplexity float64 `json:"perplexity"`
	// Differs is the first token after which another is the most likely.
	Differs *Differs `json:"differs,omitempty"`
}

// Differs names the most likely tokens of two outputs behind the token At.
type Differs struct {
	At     int   `json:"at"`
	First  int32 `json:"first"`
	Second int32 `json:"second"`
}

// Comparable reports whether both are of the same tokens.
func (o *Output) Comparable(other *Output) bool {
	return o != nil && other != nil && o.SHA256 == other.SHA256 && o.Vocab == other.Vocab
}

// Diverge compares an output with another; nil where they are not of the same
// tokens or have no position in common.
func Diverge(a, b *Output) *Divergence {
	if !a.Comparable(b) {
		return nil
	}
	d := &Divergence{}
	d.score(a, b)
	d.runs(a, b)
	var distances []float64
	for _, p := range a.Positions {
		i := slices.IndexFunc(b.Positions, func(q Position) bool { return q.At == p.At })
		if i < 0 {
			continue
		}
		distance, ok := d.position(p, b.Positions[i])
		if !ok {
			continue
		}
		distances = append(distances, distance)
		if distance > d.Distance || len(distances) == 1 {
			d.Distance, d.At = distance, p.At
		}
	}
	if len(distances) == 0 {
		return nil
	}
	d.Positions = len(distances)
	d.KL /= float64(d.Positions)
	slices.Sort(distances)
	d.Usual = distances[len(distances)/2]
	return d
}

// score compares what both say of the sequence.
func (d *Divergence) score(a, b *Output) {
	at := make(map[int]int, len(b.Scored))
	for k, token := range b.Scored {
		at[token] = k
	}
	sum := 0.0
	for k, token := range a.Scored {
		other, both := at[token]
		if !both {
			continue
		}
		d.Scored++
		sum += float64(a.LogProbs[k]) - float64(b.LogProbs[other])
		if first, second := a.Best[k], b.Best[other]; first != second && d.Differs == nil {
			d.Differs = &Differs{At: token, First: first, Second: second}
		}
	}
	if d.Scored > 0 {
		d.Perplexity = math.Exp(sum / float64(d.Scored))
	}
}

// runLength is how many scored tokens are judged together, runLeast how many of them
// there must be.
const (
	runLength = 16
	runLeast  = 8
)

// median68 is the median of the absolute values of a standard normal variable.
const median68 = 0.6745

// runs looks for the run of scored tokens whose likelihoods differ most.
func (d *Divergence) runs(a, b *Output) {
	spread := a.spread()
	if spread == 0 {
		return
	}
	at := make(map[int]int, len(b.Scored))
	for k, token := range b.Scored {
		at[token] = k
	}
	runs := map[int][]float64{}
	for k, token := range a.Scored {
		if other, both := at[token]; both {
			off := math.Abs(float64(a.LogProbs[k]) - float64(b.LogProbs[other]))
			runs[token/runLength] = append(runs[token/runLength], off)
		}
	}
	for _, run := range slices.Sorted(maps.Keys(runs)) {
		if len(runs[run]) < runLeast {
			continue
		}
		slices.Sort(runs[run])
		off := runs[run][len(runs[run])/2] / median68 / spread
		if off > d.Run {
			d.Run, d.RunAt = off, run*runLength
		}
	}
}

// spread is the median of the positions'.
func (o *Output) spread() float64 {
	var all []float64
	for _, p := range o.Positions {
		all = append(all, p.Spread)
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// kept is a token's logit in two outputs.
type kept struct{ a, b float64 }

// position compares two positions, and returns the distance of their logits over
// the spread; false where they have fewer than two tokens in common.
func (d *Divergence) position(a, b Position) (distance float64, ok bool) {
	var common []kept
	mean := 0.0
	for i, token := range a.Tokens {
		if k := slices.Index(b.Tokens, token); k >= 0 {
			common = append(common, kept{float64(a.Logits[i]), float64(b.Logits[k])})
			mean += float64(b.Logits[k]) - float64(a.Logits[i])
		}
	}
	if len(common) < 2 {
		return 0, false
	}
	mean /= float64(len(common))
	kl, squares := divergence(common, a.LogSumExp, b.LogSumExp), 0.0
	for _, c := range common {
		off := c.b - c.a - mean
		squares += off * off
		d.Largest = max(d.Largest, math.Abs(off))
	}
	d.KL += kl
	d.WorstKL = max(d.WorstKL, kl)
	off := math.Sqrt(squares / float64(len(common)-1))
	if off == 0 {
		return 0, true
	}
	return off / cmp.Or(max(a.Spread, b.Spread), off), true
}

// divergence is the sum of p ln(p / q) over the tokens that both kept, and over
// all others as one outcome.
func divergence(common []kept, a, b float64) float64 {
	sum, restA, restB := 0.0, 1.0, 1.0
	for _, c := range common {
		p := math.Exp(c.a - a)
		sum += p * (c.a - a - c.b + b)
		restA -= p
		restB -= math.Exp(c.b - b)
	}
	// What rounding leaves of a rest is no outcome.
	if restA > 1e-9 && restB > 1e-9 {
		sum += restA * math.Log(restA/restB)
	}
	return max(0, sum)
}
