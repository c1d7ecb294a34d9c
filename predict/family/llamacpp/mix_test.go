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
