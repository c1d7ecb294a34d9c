package results_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

// came is a record with an output whose logits at each of three positions are off by
// so much from 0, 1, 2, 3.
func came(c results.Case, off ...float32) results.Record {
	o := whole(0, 1, 2, 3)
	o.Positions = nil
	for i, by := range off {
		p := position([]float32{0, 1, 2, 3 + by})
		p.At = 16 * i
		o.Positions = append(o.Positions, p)
	}
	return results.Record{
		Status: results.StatusOK, Runtime: results.Runtime{Name: "llama.cpp"}, Model: results.Model{Name: "m"}, Case: c,
		Measured: &results.Measured{Output: o}, Predicted: &results.Predicted{OutputNoise: &results.Noise{Distance: 0.01}},
	}
}

func TestSameOutput(t *testing.T) {
	base := came(results.Case{Kind: results.KindPrefill, NPrompt: 64, TypeK: "f16", FlashAttn: "on"})
	for name, tt := range map[string]struct {
		change func(*results.Record)
		same   bool
	}{
		"nothing":         {func(*results.Record) {}, true},
		"flash attention": {func(r *results.Record) { r.Case.FlashAttn = "off" }, true},
		"batches":         {func(r *results.Record) { r.Case.NBatch, r.Case.NUbatch = 7, 7 }, true},
		"another kind":    {func(r *results.Record) { r.Case = results.Case{Kind: results.KindDecode, NGen: 8, TypeK: "f16"} }, true},
		"the cache":       {func(r *results.Record) { r.Case.TypeK = "q8_0" }, false},
		"the depth":       {func(r *results.Record) { r.Case.NDepth = 64 }, false},
		"bits":            {func(r *results.Record) { r.Case.KVBits = 8 }, false},
		"the model":       {func(r *results.Record) { r.Model.FileType = "Q8_0" }, false},
		"the runtime":     {func(r *results.Record) { r.Runtime.Name = "mlx" }, false},
	} {
		other := came(base.Case)
		tt.change(&other)
		assert.Equal(t, tt.same, results.SameOutput(base, other), name)
	}
}

// Both noises together are allowed; where tokens are routed a token alone may be
// further off, and the median may not.
func TestAgree(t *testing.T) {
	agree := func(routed bool, off ...float32) *results.Agreement {
		a, b := came(results.Case{}, 0, 0, 0), came(results.Case{}, off...)
		a.Predicted.OutputNoise.Routed = routed
		return results.Agree(a.Measured.Output, b.Measured.Output, a.Predicted.OutputNoise, b.Predicted.OutputNoise)
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
	a := came(results.Case{}, 0)
	assert.Nil(t, results.Agree(a.Measured.Output, a.Measured.Output, nil, a.Predicted.OutputNoise), "not predicted")
}

// A run of tokens whose likelihoods are off is found where the positions are not.
func TestRunsAreJudged(t *testing.T) {
	a, b := came(results.Case{}, 0), came(results.Case{}, 0)
	for i := range 48 {
		for _, o := range []*results.Output{a.Measured.Output, b.Measured.Output} {
			o.Scored, o.Best, o.LogProbs = append(o.Scored, i), append(o.Best, 0), append(o.LogProbs, -1)
		}
		if i >= 32 {
			b.Measured.Output.LogProbs[i] = -1.2
		}
	}
	b.Measured.Output.LogProbs[3] = -9 // a token alone
	g := results.Agree(a.Measured.Output, b.Measured.Output, a.Predicted.OutputNoise, b.Predicted.OutputNoise)
	assert.False(t, g.Holds())
	assert.Equal(t, 32, g.From)
}

// What types lose is said against the most precise of the model, whose own loss is none.
func TestLosses(t *testing.T) {
	typed := func(weights int64, k string, off float32) results.Record {
		r := came(results.Case{Kind: results.KindPrefill, NPrompt: 8, TypeK: k, TypeV: k}, off)
		r.Model.WeightBytes = &weights
		return r
	}
	records := []results.Record{typed(100, "q8_0", 0.1), typed(200, "f16", 0), typed(200, "q4_0", 0.4), typed(50, "f16", 1)}
	losses := results.Losses(records)
	assert.Nil(t, losses[1])
	for _, i := range []int{0, 2, 3} {
		require.NotNil(t, losses[i], i)
		assert.Equal(t, records[1].Key(), losses[i].Against)
	}
	assert.Less(t, losses[0].KL, losses[2].KL)
	assert.Less(t, losses[2].KL, losses[3].KL)
	skeleton := []results.Record{typed(100, "f16", 0.1), typed(200, "f16", 0)}
	for i := range skeleton {
		skeleton[i].Model.Skeleton, skeleton[i].Model.WeightType = "full", []string{"q8_0", "f16"}[i]
	}
	assert.Equal(t, []*results.Loss{nil, nil}, results.Losses(skeleton), "random weights of two types are two models")
}
