package memory_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/kv"
	"assay/predict/memory"
	"assay/predict/source"
)

// TestAndKeepsReasons: what one of two devices does not know, the sum does not know
// either, and says why.
func TestAndKeepsReasons(t *testing.T) {
	n := int64(1)
	full := memory.Parts{Weights: &n, KV: &n, Compute: &n, Output: &n, Repacked: &n, Process: &n}
	lacks := func(reason string) memory.Parts {
		p := full
		p.Compute, p.Unknown = nil, map[string]string{"compute": reason}
		return p
	}
	for _, tt := range []struct {
		a, b memory.Parts
		want map[string]string
	}{
		{full, full, nil},
		{lacks("one"), full, map[string]string{"compute": "one"}},
		{full, lacks("two"), map[string]string{"compute": "two"}},
		{lacks("one"), lacks("one"), map[string]string{"compute": "one"}},
		{lacks("one"), lacks("two"), map[string]string{"compute": "one; two"}},
	} {
		sum := tt.a.And(tt.b)
		assert.Equal(t, tt.want, sum.Unknown)
		assert.Equal(t, tt.want == nil, sum.Total() != nil)
		assert.Equal(t, int64(2), *sum.Weights)
	}
}

// TestMetalSaysWhy: every part that is not predicted on a Mac has its reason, on each
// device and in their sum.
func TestMetalSaysWhy(t *testing.T) {
	f, err := source.Load(t.Context(), "preset:smollm2-135m", source.Options{})
	require.NoError(t, err)
	for _, family := range []string{"llama", "plm"} {
		f.Family = family
		gpu, host, err := memory.Metal(f, "q8_0", kv.Params{NCtx: 4096, FlashAttn: true})
		require.NoError(t, err)
		for _, p := range []memory.Parts{gpu, host, gpu.And(host)} {
			assert.Equal(t, p.Compute == nil, p.Unknown["compute"] != "", "%s: %v", family, p.Unknown)
		}
	}
}
