package calibrate_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/calibrate"
	"assay/harness/suite"
	"assay/results"
)

// A calibration covers each kind, several depths and several models of each
// weight type, and keeps to its budget.
func TestCalibrationSuiteHasWhatAFitNeeds(t *testing.T) {
	t.Setenv("ASSAY_HOME", t.TempDir())
	s, plan, err := calibrate.Suite(context.Background(), calibrate.Options{Settings: suite.Lists{"n_threads": {2}}})
	require.NoError(t, err)
	assert.LessOrEqual(t, plan.Expected, 5*time.Minute)
	models, depths, prompts := map[string]map[string]bool{}, map[int]bool{}, map[int]bool{}
	for _, g := range s.Groups {
		if models[g.WeightTypes[0]] == nil {
			models[g.WeightTypes[0]] = map[string]bool{}
		}
		models[g.WeightTypes[0]][g.Models[0]] = true
		if g.Kinds[0] == results.KindDecode {
			depths[g.Settings["n_depth"][0].(int)] = true
		} else {
			prompts[g.Settings["n_prompt"][0].(int)] = true
		}
	}
	for _, weights := range []string{"f16", "q8_0", "q4_0", "q4_K", "q5_K", "q6_K", "mxfp4"} {
		assert.GreaterOrEqual(t, len(models[weights]), 3, weights)
	}
	assert.GreaterOrEqual(t, len(depths), 3)
	assert.GreaterOrEqual(t, len(prompts), 2)
	items, err := suite.Expand(context.Background(), s, []string{"llama.cpp"})
	require.NoError(t, err)
	assert.Len(t, items, len(plan.Chosen))
	assert.False(t, math.IsNaN(plan.Error))
}
