package roofline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/roofline"
)

// candidates is a grid of every shape, type, length and depth.
func candidates(shapes []shape, types ...string) (c []roofline.Candidate, obs []roofline.Observation) {
	for _, o := range measure(machine(), 0.02, shapes, types...) {
		obs = append(obs, o)
		c = append(c, roofline.Candidate{Model: o.Model, Kind: o.Kind, Work: o.Work, Repeat: 5, Fixed: 2 * time.Second})
	}
	return c, obs
}

var slowCores = roofline.Nominal{Bandwidth: 1e10, Compute: 1e11, Product: 2e-6}

// From part of the grid the fit predicts all of it; from a quarter it still
// does, where as many cases taken in order are too few to fit at all.
func TestCalibrateChoosesWhatAFitNeeds(t *testing.T) {
	c, obs := candidates(shapes, "q8_0", "q4_0", "f16")
	for budget, limit := range map[time.Duration]float64{5 * time.Minute: 0.1, 90 * time.Second: 0.15} {
		cal, err := roofline.Calibrate(c, slowCores, budget)
		require.NoError(t, err)
		assert.Less(t, len(cal.Chosen), len(c)*4/5)
		assert.LessOrEqual(t, cal.Expected, budget)
		var chosen []roofline.Observation
		for _, i := range cal.Chosen {
			chosen = append(chosen, obs[i])
		}
		assert.Less(t, worst(t, chosen, obs), limit, "%d cases in %v", len(chosen), budget)
		if budget < 2*time.Minute {
			_, err = roofline.New(obs[:len(chosen)], roofline.Options{})
			assert.Error(t, err)
		}
	}
}

// worst is the largest error on all observations of a fit of some.
func worst(t *testing.T, some, all []roofline.Observation) float64 {
	t.Helper()
	fit, err := roofline.New(some, roofline.Options{})
	require.NoError(t, err)
	var most float64
	for _, o := range all {
		p, err := fit.Predict(o.Kind, o.Work)
		require.NoError(t, err)
		most = max(most, p.Seconds.Value/o.Seconds-1, 1-p.Seconds.Value/o.Seconds)
	}
	return most
}

func TestCalibrateKeepsToItsBudget(t *testing.T) {
	c, _ := candidates(shapes, "q8_0", "q4_0")
	long, err := roofline.Calibrate(c, slowCores, 3*time.Minute)
	require.NoError(t, err)
	short, err := roofline.Calibrate(c, slowCores, time.Minute)
	require.NoError(t, err)
	assert.LessOrEqual(t, short.Expected, time.Minute)
	assert.Less(t, len(short.Chosen), len(long.Chosen))
	assert.Greater(t, short.Error, long.Error)
	_, err = roofline.Calibrate(c, slowCores, time.Second)
	assert.ErrorContains(t, err, "no case fits into 1s")
}

func TestCalibrateRefusesTooFewModels(t *testing.T) {
	c, _ := candidates(shapes[:2], "q8_0")
	_, err := roofline.Calibrate(c, slowCores, time.Minute)
	assert.ErrorContains(t, err, "2 models are too few to choose from")
}
