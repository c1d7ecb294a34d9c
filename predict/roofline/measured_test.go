package roofline_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/roofline"
)

// testdata/xeon.json are the observations of one 'assay run --calibrate -t 1'
// of llama.cpp v0.5.0's CPU backend, on two cores of a virtual Xeon that others
// were using. What is promised of a fit must hold for them.
func TestMeasuredModelsArePredictedUnseen(t *testing.T) {
	text, err := os.ReadFile("testdata/xeon.json")
	require.NoError(t, err)
	var obs []roofline.Observation
	require.NoError(t, json.Unmarshal(text, &obs))
	v, err := roofline.Validate(obs, roofline.Options{})
	require.NoError(t, err)
	assert.Len(t, v.Cases, len(obs))
	assert.Empty(t, v.Skipped)
	assert.LessOrEqual(t, v.Errors(roofline.KindDecode).Median, 0.10)
	assert.LessOrEqual(t, v.Errors(roofline.KindPrefill).Median, 0.15)
	assert.GreaterOrEqual(t, v.Coverage(), 0.9)

	// A sum describes this machine better than a roofline's maximum does.
	fit, err := roofline.New(obs, roofline.Options{})
	require.NoError(t, err)
	assert.Equal(t, roofline.Sum, fit.Form.Overlap)
	assert.True(t, fit.Form.Attention.Live)
}
