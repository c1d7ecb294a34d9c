package harness_test

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/skeleton"
	"assay/harness/worker/workertest"
	"assay/native/llama"
	"assay/native/llama/llamatest"
	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/kv"
	"assay/predict/source"
)

// fileTypes are the mixes by their numbers (enum llama_ftype, llama.h of v0.5.0).
var fileTypes = map[string]int{"Q4_K_M": 15, "Q5_K_M": 17, "Q6_K": 18, "Q8_0": 7, "Q4_0": 2,
	"Q3_K_M": 12, "Q4_K_S": 14, "Q2_K": 10, "MXFP4_MOE": 38, "IQ4_XS": 30}

// TestMixesAreTheLibrarys: of every preset in full size, each tensor's type in a mix
// is the one that the library's own llama-quantize chooses.
func TestMixesAreTheLibrarys(t *testing.T) {
	workertest.NeedLlama(t)
	path, err := llama.Find()
	require.NoError(t, err)
	lib, err := llama.Open(path)
	require.NoError(t, err)
	if kv.Older(lib.Version(), "v0.5.0") {
		t.Skipf("llama.cpp %s may have no dry run", lib.Version())
	}
	lib.Log().Echo(nil) // an engine of another test may have asked for it: 42,000 lines
	dir := t.TempDir()
	for _, name := range source.Presets() {
		f, err := source.Load(t.Context(), "preset:"+name, source.Options{})
		require.NoError(t, err)
		file, err := skeleton.SparseGGUF(t.Context(), dir, f, "f16")
		require.NoError(t, err)
		for mix, number := range fileTypes {
			if mix != "Q4_K_M" && !slices.Contains(mixedPresets, name) {
				continue // one mix tells the counters of every preset
			}
			types, err := llamatest.QuantizedTypes(lib, file, number)
			require.NoError(t, err, name)
			tensors, err := family.Tensors(f, family.TypePlan{Matrices: mix})
			require.NoError(t, err)
			require.Len(t, types, len(tensors), "%s: all tensors", name)
			differ := slices.DeleteFunc(tensors, func(x arch.Tensor) bool { return types[x.Name] == x.Type })
			if len(differ) > 0 {
				assert.Fail(t, "another type", "%s %s: %d tensors, as %s: %s, the library %s", name, mix, len(differ),
					differ[0].Name, differ[0].Type, types[differ[0].Name])
			}
		}
		require.NoError(t, os.Remove(file))
	}
}

// mixedPresets are held in every mix: one of each way to choose.
var mixedPresets = []string{"llama-3.1-8b", "mixtral-8x7b", "gemma-4-e2b", "gemma-4-26b-a4b", "qwen3.5-9b", "qwen3-30b-a3b",
	"glm-4.7-flash", "nemotron-3-nano", "nemotron-h-8b", "lfm2-8b-a1b", "phi-4", "gemma-3n-e4b"}
