package model_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/model"
	"assay/predict/machines"
	"assay/predict/published"
	"assay/predict/source"
	"assay/results"
)

func TestForecast(t *testing.T) {
	chip, err := machines.FindChip("M4Max-40", 0)
	require.NoError(t, err)
	by, err := published.New(machines.Machine{Chip: chip}, published.Setting{Runtime: "llama.cpp"})
	require.NoError(t, err)
	opt := model.ForecastOptions{
		Runtime: "llama.cpp", WeightType: "q4_0", MemoryBytes: 8 << 30, Contexts: []int{512, 1 << 16, 1 << 20},
		Case: results.Defaults(), Device: "MTL0",
	}
	f, err := model.NewForecast(t.Context(), "preset:llama-3.1-8b", by, opt)
	require.NoError(t, err)
	require.Len(t, f.Rows, 2, "the model's own context is 131072")
	short, long := f.Rows[0], f.Rows[1]
	assert.Greater(t, short.Decode.TokensPerSecond.Value, long.Decode.TokensPerSecond.Value)
	assert.InEpsilon(t, 512/short.Prefill.TokensPerSecond.Value, short.FirstToken.Value, 1e-9)
	assert.False(t, short.Extrapolated)
	assert.True(t, short.Fits)
	assert.True(t, long.Extrapolated)
	// The largest context fits, and no larger one.
	require.NotNil(t, f.LargestContext)
	assert.False(t, f.OwnLimit)
	at := opt
	at.Contexts = []int{*f.LargestContext, *f.LargestContext + 256}
	near, err := model.NewForecast(t.Context(), "preset:llama-3.1-8b", by, at)
	require.NoError(t, err)
	assert.True(t, near.Rows[0].Fits)
	assert.False(t, near.Rows[1].Fits)
	at.MemoryBytes = 64 << 30
	near, err = model.NewForecast(t.Context(), "preset:llama-3.1-8b", by, at)
	require.NoError(t, err)
	assert.Equal(t, 131072, *near.LargestContext)
	assert.True(t, near.OwnLimit)

	opt.MemoryBytes = 1 << 30
	f, err = model.NewForecast(t.Context(), "preset:llama-3.1-8b", by, opt)
	require.NoError(t, err)
	assert.Nil(t, f.LargestContext)

	assert.False(t, f.Rows[0].Fits)
	mlx := opt
	mlx.Runtime, mlx.WeightType = "mlx", "4bit"
	_, err = model.NewForecast(t.Context(), "preset:llama-3.1-8b", by, mlx)
	assert.ErrorContains(t, err, "speed in mlx cannot be predicted from figures of llama.cpp (M4Max-40 in llama.cpp by a model of Macs that ")

	opt.Contexts = []int{1 << 20}
	_, err = model.NewForecast(t.Context(), "preset:llama-3.1-8b", by, opt)
	assert.ErrorContains(t, err, "has a context of 131072 tokens, less than was asked for")
}

// Every preset has a speed on a chip in both runtimes, in a type that people have:
// a model type whose pass through mlx-lm is not known is counted roughly.
func TestForecastOfEveryPreset(t *testing.T) {
	m, err := machines.Find("M4 Max 128GB")
	require.NoError(t, err)
	for runtime, weights := range map[string]string{"llama.cpp": "Q4_K_M", "mlx": "6bit"} {
		by, err := published.New(m, published.Setting{Runtime: runtime})
		require.NoError(t, err)
		for i, name := range source.Presets() {
			if i%5 != 0 && name != "deepseek-v3.2" && os.Getenv("ASSAY_ALL") == "" {
				continue // a second each: --all takes every one
			}
			f, err := model.NewForecast(t.Context(), "preset:"+name, by, model.ForecastOptions{
				Runtime: runtime, WeightType: weights, MemoryBytes: 1 << 40, Contexts: []int{512},
				Case: results.Defaults(),
			})
			if name == "deepseek-v3.2" && runtime == "mlx" {
				assert.ErrorContains(t, err, "the keys of its indexer") // whose cache in mlx-lm is not known
				continue
			}
			if assert.NoError(t, err, "%s in %s", name, runtime) {
				v := f.Rows[0].Decode.TokensPerSecond
				assert.True(t, 0 < v.Lo && v.Lo < v.Value && v.Value < v.Hi, "%s in %s: %v", name, runtime, v)
			}
		}
	}
}
