package harness_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/skeleton"
	"assay/harness/worker/workertest"
	"assay/native/llama"
	"assay/native/llama/printed"
	family "assay/predict/family/llamacpp"
	"assay/predict/kv"
	"assay/predict/memory"
	"assay/predict/source"
)

// Weights that this library's build for the processor lays out anew are predicted
// to the precision of its log, for matrices of every type that products are packed
// for, of experts too.
func TestRepackedWeights(t *testing.T) {
	workertest.NeedLlama(t)
	path, err := llama.Find()
	require.NoError(t, err)
	lib, err := llama.Open(path)
	require.NoError(t, err)
	by, known := memory.RepackingOf(lib.CPUVariant())
	if !known {
		t.Skipf("what the build %q repacks is not known", lib.CPUVariant())
	}
	dir := t.TempDir()
	var all int64
	for name, types := range map[string][]string{
		"llama-3.1-8b":     {"f16", "q8_0", "q4_0", "q4_1", "q5_0", "iq4_nl", "mxfp4"},
		"deepseek-v2-lite": {"q4_0"},
	} {
		f, err := source.Load(t.Context(), "preset:"+name, source.Options{})
		require.NoError(t, err)
		f = family.KVFaithful(f)
		for _, typ := range types {
			file := filepath.Join(dir, name+typ+".gguf")
			require.NoError(t, skeleton.WriteGGUF(t.Context(), file, f, family.TypePlan{Matrices: typ}, skeleton.Random))
			model, err := lib.LoadModel(file, llama.ModelParams{NGPULayers: new(0)})
			require.NoError(t, err)
			parts, err := memory.LlamaCpp(f, typ, kv.Params{NCtx: 512, Release: lib.Version()}, &by)
			require.NoError(t, err)
			got := model.Report().Repacked()
			model.Close()
			require.NotNil(t, got)
			// Two kinds of buffer are two lines of the log.
			assert.InDelta(t, *parts.Repacked, *got, 2*(printed.ReportPrecision/2+1), "%s in %s", name, typ)
			all += *got
		}
	}
	assert.Equal(t, by != memory.Repacking{}, all > 0, "what a build repacks is seen")
}
