package roofline_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/roofline"
)

// The observations of one 'assay run --calibrate' each, of llama.cpp v0.5.0's CPU
// backend on two cores of a virtual Xeon: -t 1 while others were using it, and
// both threads while nobody was. What is promised of a fit must hold for them.
func TestMeasuredModelsArePredictedUnseen(t *testing.T) {
	for _, name := range []string{"xeon-1-thread", "xeon-2-threads"} {
		t.Run(name, func(t *testing.T) {
			obs := measured(t, name)
			v, err := roofline.Validate(obs, roofline.Options{})
			require.NoError(t, err)
			assert.Len(t, v.Cases, len(obs))
			assert.Empty(t, v.Skipped)
			decode, prefill := v.Errors(roofline.KindDecode), v.Errors(roofline.KindPrefill)
			assert.LessOrEqual(t, decode.Median, 0.10)
			assert.LessOrEqual(t, prefill.Median, 0.15)
			assert.GreaterOrEqual(t, v.Coverage(), 0.9)
			// Without the model with most heads, a form that reads each cell of the
			// cache once did about as well on the others and missed it by 35 %.
			assert.Less(t, decode.Max, 0.25)

			// A sum describes this machine better than a roofline's maximum does.
			fit, err := roofline.New(obs, roofline.Options{})
			require.NoError(t, err)
			assert.Equal(t, roofline.Sum, fit.Form.Overlap)
			assert.True(t, fit.Form.Attention.Live)
			assert.Contains(t, fit.Form.String(), "strides")
			// By all nodes, decode of models left out is missed by 6.7 % (median), not
			// 5.1 %, with two threads, and by as much with one; with a cost for either,
			// the nodes that are no products come out as 0.
			assert.Equal(t, roofline.PerProduct, fit.Form.Overhead)
		})
	}
}

func measured(t *testing.T, name string) []roofline.Observation {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	require.NoError(t, err)
	var obs []roofline.Observation
	require.NoError(t, json.Unmarshal(text, &obs))
	return obs
}

// A form whose counts are not known of every case does not compete, and a work
// without them is refused.
func TestUnknownCountsAreNotZero(t *testing.T) {
	obs := measure(machine(), 0.02, shapes[:3], "q8_0")
	full, err := roofline.New(obs, roofline.Options{})
	require.NoError(t, err)
	for i := range obs[0].Work.Terms {
		obs[0].Work.Terms[i].RowBytes = nil
	}
	fit, err := roofline.New(obs, roofline.Options{})
	require.NoError(t, err)
	assert.NotContains(t, fit.Form.String(), "strides")
	assert.Len(t, fit.Rivals, len(full.Rivals)-4, "of four ways to read the cache, over live or all cells, two need it")
	full.Form.Attention.Memory = roofline.CacheStrides
	_, err = full.Predict(obs[0].Kind, obs[0].Work)
	assert.ErrorContains(t, err, "needs the row bytes of attention, and they are not counted for this work")
}
