package speed_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/speed"
	"assay/predict/roofline"
	"assay/results"
)

func TestPlotsShowEveryCase(t *testing.T) {
	fit, obs, err := speed.Fit([]results.Run{calibrated()}, roofline.Options{})
	require.NoError(t, err)
	paths, err := speed.Plot(t.TempDir(), fit, obs)
	require.NoError(t, err)
	require.Len(t, paths, 3)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Contains(t, string(text), "<svg", path)
		assert.NotContains(t, string(text), "NaN", path)
	}
	assert.Len(t, fit.Roofline(obs).Points, len(obs))
	assert.InEpsilon(t, 1e10, fit.Roofline(obs).Bandwidth, 0.1)
	assert.InEpsilon(t, 1e11, fit.Roofline(obs).FLOPS, 0.1)

	_, err = speed.Plot(string([]byte{0}), fit, obs)
	assert.ErrorContains(t, err, "the folder for plots")
}
