package results_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/logit"
)

// What types lose is said against the most precise of the model, whose own loss is none.
func TestLosses(t *testing.T) {
	typed := func(weights int64, k string, off float32) results.Record {
		out := &logit.Output{Sequence: "random", SHA256: "tokens", Vocab: 2, Tokens: 1, Positions: []logit.Position{{
			Spread: 1, Tokens: []int32{0, 1}, Logits: []float32{0, off}, LogSumExp: math.Log1p(math.Exp(float64(off))),
		}}}
		return results.Record{
			Status: results.StatusOK, Runtime: results.Runtime{Name: "llama.cpp"},
			Model: results.Model{Name: "m", WeightBytes: &weights}, Measured: &results.Measured{Output: out},
			Case: results.Case{Kind: results.KindPrefill, NPrompt: 8, TypeK: k, TypeV: k},
		}
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
