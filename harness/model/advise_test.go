package model_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/archive"
	"assay/harness/model"
	"assay/results"
	"assay/results/logit"
)

// What types were measured to lose decides before their bits do: here, Q5_K_M of this
// model came out nearer to f16 than Q6_K, and f16 itself does not fit.
func TestAdviceByMeasuredLosses(t *testing.T) {
	in, err := model.Described("M4 16GB", 0)
	require.NoError(t, err)
	best := func(losses archive.Losses) model.Choice {
		a, err := model.Advise(t.Context(), []string{"preset:llama-3.1-8b"}, in, model.AdviceOptions{
			WeightTypes: []string{"Q4_K_M", "Q5_K_M", "Q6_K", "f16"}, CacheTypes: []string{"f16"}, Case: results.Defaults(), Losses: losses,
		})
		require.NoError(t, err)
		for _, c := range a.Choices {
			if c.Best {
				return c
			}
		}
		require.Fail(t, "nothing fits")
		return model.Choice{}
	}
	assert.Equal(t, "Q6_K", best(nil).WeightType)
	assert.Nil(t, best(nil).LossKL)

	record := func(typ string, weights int64, off float32) results.Record {
		logits := []float32{0, 1, 2, 3 + off}
		sum := 0.0
		for _, l := range logits {
			sum += math.Exp(float64(l))
		}
		o := &logit.Output{Sequence: "random", SHA256: "tokens", Vocab: 4, Tokens: 1, Positions: []logit.Position{
			{Spread: 1, Tokens: []int32{0, 1, 2, 3}, Logits: logits, LogSumExp: math.Log(sum)},
		}}
		return results.Record{
			Status: results.StatusOK, Runtime: results.Runtime{Name: "llama.cpp"},
			Model:    results.Model{Name: "Llama 3.1 8B", FileType: typ, WeightBytes: &weights},
			Case:     results.Case{Kind: results.KindPrefill, NPrompt: 8},
			Measured: &results.Measured{Output: o},
		}
	}
	losses := archive.Losses{}
	losses.Add([]results.Record{record("F16", 16, 0), record("Q6_K", 6, 0.5), record("Q5_K - Medium", 5, 0.1), record("Q4_K - Medium", 4, 1)})
	none, known := losses.Of("Llama 3.1 8B", "f16")
	assert.True(t, known)
	assert.Zero(t, none)
	c := best(losses)
	assert.Equal(t, "Q5_K_M", c.WeightType)
	require.NotNil(t, c.LossKL)
	assert.Positive(t, *c.LossKL)
}
