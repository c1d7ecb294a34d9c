package run

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	"assay/harness/runtime"
	"assay/harness/suite"
	"assay/results"
)

// TestPredictionEqualsLibrary runs the four architectures of the built-in suite
// over what the cache and the arithmetic depend on: sequences apart and
// together, micro-batches, cache types, flash attention, windows, depth and
// batch splits. Every check of every case must hold, to the byte and to the
// operation.
func TestPredictionEqualsLibrary(t *testing.T) {
	var records []results.Record
	r := newRunner(t, &records)
	base := suite.CaseGroup{
		Models:   []string{"preset:llama-3.1-8b", "preset:qwen2.5-14b", "preset:qwen1.5-moe-a2.7b", "preset:gemma-3-12b"},
		Skeleton: runtime.SkeletonKV, WeightTypes: []string{"q4_0"}, Kinds: []results.Kind{results.KindKV},
		Settings: suite.Lists{"n_ctx": {1024}, "n_prompt": {6}, "n_gen": {2}, "n_threads": {1}},
	}
	s := suite.Suite{Name: "matrix"}
	for _, change := range []suite.Lists{
		{"n_seq": {2, 4}, "kv_unified": {false, true}},
		{"n_ubatch": {128, 512}, "n_ctx": {4096}},
		{"type_k": {"q4_0", "q5_1", "q8_0"}, "n_ctx": {1024, 5000}},
		{"flash_attn": {"on", "off"}},
		{"swa_full": {true}, "n_ctx": {5000}, "flash_attn": {"off"}},
		{"n_depth": {250}, "n_prompt": {20}, "n_batch": {16}, "n_ubatch": {7}},
	} {
		g := base
		for name, values := range change {
			g = g.With(name, values...)
		}
		s.Groups = append(s.Groups, g)
	}
	s = s.WithDefaults()
	items, err := suite.Expand(t.Context(), s, []string{llamacpp.Name})
	require.NoError(t, err)
	require.NoError(t, run(t, t.Context(), r, s, items))
	require.Len(t, records, len(items))
	seen := map[string]int{}
	for _, rec := range records {
		require.Equal(t, results.StatusOK, rec.Status, "%s: %s", rec.Key(), rec.Error)
		for _, c := range rec.Checks {
			assert.True(t, c.OK, "%s: %s: %s", rec.Key(), c.Name, c.Detail)
			seen[c.Name]++
		}
	}
	// A check that was never made would prove nothing.
	for _, name := range []string{
		"kv_bytes predicted = measured", "kv_layers predicted = measured", "flops predicted = executed",
		"weight_bytes predicted = loaded", "kv_bytes tensors = log",
		"steps predicted = executed", "nodes predicted = executed", "terms predicted = executed",
		"kv_write_bytes predicted = executed", "activation_bytes predicted = executed",
	} {
		assert.Equal(t, len(items), seen[name], name)
	}
	assert.Greater(t, seen["kv_bytes tensors = state"], len(items)/2)
	t.Logf("prediction equals llama.cpp in %d cases", len(items))
}
