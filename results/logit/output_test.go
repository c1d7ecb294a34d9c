package logit_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results/logit"
)

// whole is an output that keeps every logit at one position.
func whole(logits ...float32) *logit.Output {
	o := &logit.Output{Sequence: "random", SHA256: "s", Vocab: len(logits), Tokens: 1}
	o.Positions = []logit.Position{position(logits)}
	return o
}

func position(logits []float32) logit.Position {
	p := logit.Position{Spread: 1}
	sum := 0.0
	for i, l := range logits {
		p.Tokens, p.Logits = append(p.Tokens, int32(i)), append(p.Logits, l)
		sum += math.Exp(float64(l))
	}
	p.LogSumExp = math.Log(sum)
	return p
}

// The divergence of two outcomes with probabilities 3/4 and 1/4 from even odds, by
// hand: 3/4 ln 3/2 + 1/4 ln 1/2.
func TestDivergenceIsTheTextbooks(t *testing.T) {
	d := logit.Diverge(whole(float32(math.Log(3)), 0), whole(5, 5))
	require.NotNil(t, d)
	assert.InDelta(t, 0.75*math.Log(1.5)+0.25*math.Log(0.5), d.KL, 1e-6)
	assert.Equal(t, d.KL, d.WorstKL)
	assert.InDelta(t, math.Log(3)/2, d.Largest, 1e-6)
}

// What is kept of two outputs gives no more than all logits would, and nothing
// where they are the same; logits that are all higher are the same output.
func TestDivergenceOfWhatIsKeptIsNoMore(t *testing.T) {
	a, b := whole(2, 1, 0, -1, 0.5), whole(1, 2, 0.5, -1, 0)
	all := logit.Diverge(a, b)
	for _, o := range []*logit.Output{a, b} {
		o.Positions[0].Tokens, o.Positions[0].Logits = o.Positions[0].Tokens[:3], o.Positions[0].Logits[:3]
	}
	some := logit.Diverge(a, b)
	assert.Positive(t, some.KL)
	assert.LessOrEqual(t, some.KL, all.KL)
	same := logit.Diverge(whole(1, 2, 3), whole(3, 4, 5))
	assert.InDelta(t, 0, same.KL, 1e-6)
	assert.InDelta(t, 0, same.Distance, 1e-6)
}

func TestDivergeNamesWhatDiffers(t *testing.T) {
	a, b := whole(0, 1), whole(0, 1)
	a.Scored, a.LogProbs, a.Best = []int{0, 1, 40}, []float32{-1, -2, -3}, []int32{4, 5, 6}
	b.Scored, b.LogProbs, b.Best = []int{0, 1, 41}, []float32{-1, -3, -3}, []int32{4, 7, 6}
	d := logit.Diverge(a, b)
	assert.Equal(t, &logit.Differs{At: 1, First: 5, Second: 7}, d.Differs)
	assert.Equal(t, 2, d.Scored)
	assert.InDelta(t, math.Exp(0.5), d.Perplexity, 1e-9)
	for name, other := range map[string]*logit.Output{
		"none":               nil,
		"other tokens":       {SHA256: "other", Vocab: 2, Positions: a.Positions},
		"another vocabulary": {SHA256: "s", Vocab: 3, Positions: a.Positions},
		"no position":        {SHA256: "s", Vocab: 2},
	} {
		assert.Nil(t, logit.Diverge(a, other), name)
	}
}
