package graph_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/graph"
	"assay/predict/kv"
	"assay/predict/source"
)

// TestMetalBytes holds the plan against buffers that llama.cpp's log named on
// Macs, in MiB as printed, builds of 2024 to 2026. A mixture's older builds had
// another graph, so only those of 2025 on stand here; at most 4.2 % are between them.
func TestMetalBytes(t *testing.T) {
	for _, tt := range []struct {
		preset string
		params kv.Params
		gpu    float64
		where  string
	}{
		{"llama-3.1-8b", kv.Params{NCtx: 2048}, 258.50, "M3, llama-cpp-python, 2024"},
		{"llama-3.1-8b", kv.Params{NCtx: 512, NBatch: 512}, 258.50, "M1 Max, 2024"},
		{"llama-3.1-8b", kv.Params{NCtx: 8192}, 560, "M3 Max, b2795"},
		{"llama-3.1-8b", kv.Params{NCtx: 131072, NSeq: 2, KVUnified: true}, 8480, "M1 Pro"},
		{"qwen2.5-0.5b", kv.Params{NCtx: 512, FlashAttn: true}, 300.25, "M4"},
		{"smollm3-3b", kv.Params{NCtx: 65536, FlashAttn: true}, 254, "M5, b8193"},
		{"gpt-oss-20b", kv.Params{NCtx: 4096, FlashAttn: true}, 404, "PR 17609, 2025-11"},
		{"gpt-oss-20b", kv.Params{NCtx: 131072, FlashAttn: true}, 420.08, "M5, b8164"},
		{"gpt-oss-20b", kv.Params{NCtx: 131072, NSeq: 4, KVUnified: true, FlashAttn: true}, 420.83, "M5, b8198"},
		{"gpt-oss-20b", kv.Params{NCtx: 131072, NUbatch: 2048, FlashAttn: true}, 1672.08, "M5, 2026"},
	} {
		f, err := source.Load(t.Context(), "preset:"+tt.preset, source.Options{})
		require.NoError(t, err)
		gpu, cpu, err := graph.MetalBytes(f, tt.params)
		require.NoError(t, err)
		assert.Positive(t, cpu)
		assert.InEpsilon(t, tt.gpu, float64(gpu)/(1<<20), 0.05, "%s %+v on %s", tt.preset, tt.params, tt.where)
	}
}
