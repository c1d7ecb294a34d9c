package llamacpp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/family/llamacpp"
	"assay/predict/gguf"
	"assay/predict/source"
)

// The sizes are those that llama-bench prints for published files, in GiB to two
// decimals, of all tensors (llama_model_size).
func TestMixesHaveThePublishedSize(t *testing.T) {
	tests := []struct {
		preset, mix string
		gib         float64
	}{
		{"llama-3.1-8b", "Q4_K_M", 4.58}, {"llama-3.1-8b", "Q8_0", 7.95}, {"llama-3.1-8b", "F16", 14.96},
		{"llama-3.1-8b", "q4_k_m", 4.58}, {"llama-3.1-8b", "q4_K_m", 4.58}, {"llama-3.1-8b", "ud-q4_k_xl", 4.58},
		{"llama-3.2-1b", "Q4_K_M", 0.75},
		{"qwen3-8b", "Q4_K_M", 4.68},
		{"qwen3-30b-a3b", "Q4_K_M", 17.28},
		{"gemma-3-12b", "Q4_K_M", 6.79},
		{"gpt-oss-20b", "MXFP4_MOE", 11.27},
	}
	for _, tt := range tests {
		f, err := source.Load(t.Context(), "preset:"+tt.preset, source.Options{})
		require.NoError(t, err)
		tensors, err := llamacpp.Tensors(f, llamacpp.TypePlan{Matrices: tt.mix})
		require.NoError(t, err)
		assert.InDelta(t, tt.gib, float64(bytesOf(t, tensors))/(1<<30), 0.006, "%s %s", tt.preset, tt.mix)
	}
}

// Files of other makers, as llama-bench prints them (predict/published/data/figures.csv
// has each with its source), lie within one percent where they keep to llama-quantize's
// choice. Many do not: of Gemma 4 E2B there are Q4_K_M of 2.88 and 3.21 GiB.
func TestMixesAreNearPublishedFiles(t *testing.T) {
	for _, tt := range []struct {
		preset, mix string
		gib         float64
	}{
		{"qwen3-30b-a3b", "Q4_K_M", 17.35}, {"gemma-3-27b", "Q4_K_M", 15.41}, {"phi-4", "Q4_K_M", 8.43},
		{"mistral-small-3.1-24b", "Q4_K_M", 13.35}, {"qwen3-next-80b-a3b", "Q4_K_M", 45.38}, {"qwen2.5-14b", "Q4_K_M", 8.37},
		{"gemma-4-e2b", "Q5_K_M", 3.39}, {"gemma-4-e2b", "Q8_0", 4.61},
		{"gemma-4-31b", "Q6_K", 23.46}, {"gemma-4-26b-a4b", "Q6_K", 21.28},
		{"qwen3.6-27b", "Q8_0", 26.69}, {"qwen3.6-35b-a3b", "Q8_0", 34.37},
	} {
		f, err := source.Load(t.Context(), "preset:"+tt.preset, source.Options{})
		require.NoError(t, err)
		tensors, err := llamacpp.Tensors(f, llamacpp.TypePlan{Matrices: tt.mix})
		require.NoError(t, err)
		assert.InEpsilon(t, tt.gib, float64(bytesOf(t, tensors))/(1<<30), 0.01, "%s %s", tt.preset, tt.mix)
	}
}

func bytesOf(t *testing.T, tensors []arch.Tensor) (sum int64) {
	t.Helper()
	for _, x := range tensors {
		typ, err := gguf.ParseType(x.Type)
		require.NoError(t, err)
		row, err := typ.RowBytes(x.Shape[0])
		require.NoError(t, err)
		sum += row * x.Elements() / x.Shape[0]
	}
	return sum
}

// Every mix gives every preset's tensors a type that their rows are whole blocks of.
func TestMixesFitEveryPreset(t *testing.T) {
	for _, name := range source.Presets() {
		f, err := source.Load(t.Context(), "preset:"+name, source.Options{})
		require.NoError(t, err)
		for _, mix := range llamacpp.Mixes() {
			tensors, err := llamacpp.Tensors(f, llamacpp.TypePlan{Matrices: mix})
			if err != nil {
				continue // no layout is known
			}
			assert.Positive(t, bytesOf(t, tensors), "%s %s", name, mix)
		}
	}
}
