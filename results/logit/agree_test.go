package logit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results/logit"
)

// among is an output whose logits at each of some positions are off by so much from
// 0, 1, 2, 3.
func among(off ...float32) *logit.Output {
	o := whole(0, 1, 2, 3)
	o.Positions = nil
	for i, by := range off {
		p := position([]float32{0, 1, 2, 3 + by})
		p.At = 16 * i
		o.Positions = append(o.Positions, p)
	}
	return o
}

// Both noises together are allowed; where tokens are routed a token alone may be
// further off, and the median may not.
func TestAgree(t *testing.T) {
	agree := func(routed bool, off ...float32) *logit.Agreement {
		return logit.Agree(among(0, 0, 0), among(off...), &logit.Noise{Distance: 0.01, Routed: routed}, &logit.Noise{Distance: 0.01})
	}
	assert.InDelta(t, 0.01414, agree(false, 0, 0, 0).Allowed, 1e-4)
	for name, tt := range map[string]struct {
		routed bool
		off    []float32
		holds  bool
	}{
		"equal":                    {false, []float32{0, 0, 0}, true},
		"rounding":                 {false, []float32{0.02, 0.01, 0.02}, true},
		"one position off":         {false, []float32{0, 0, 0.5}, false},
		"one route the other way":  {true, []float32{0, 0, 0.5}, true},
		"most of them off, routed": {true, []float32{0, 0.5, 0.5}, false},
	} {
		g := agree(tt.routed, tt.off...)
		assert.Equal(t, tt.holds, g.Holds(), "%s: %s", name, g)
	}
	assert.Contains(t, agree(false, 0, 0, 0.5).String(), "at token 32, where rounding explains 0.014")
	assert.Nil(t, logit.Agree(among(0), among(0), nil, &logit.Noise{Distance: 0.01}), "not predicted")
}

// A run of tokens whose likelihoods are off is found where the positions are not.
func TestRunsAreJudged(t *testing.T) {
	a, b := among(0), among(0)
	for i := range 48 {
		for _, o := range []*logit.Output{a, b} {
			o.Scored, o.Best, o.LogProbs = append(o.Scored, i), append(o.Best, 0), append(o.LogProbs, -1)
		}
		if i >= 32 {
			b.LogProbs[i] = -1.2
		}
	}
	b.LogProbs[3] = -9 // a token alone
	g := logit.Agree(a, b, &logit.Noise{Distance: 0.01}, &logit.Noise{Distance: 0.01})
	assert.False(t, g.Holds())
	assert.Equal(t, 32, g.From)
}
