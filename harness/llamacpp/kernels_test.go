package llamacpp

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/skeleton"
	family "assay/predict/family/llamacpp"
	"assay/predict/source"
	"assay/results"
)

// Where Metal lost its bf16 kernels a model or a cache that needs them is refused.
func TestRefuseBF16(t *testing.T) {
	yes := true
	gone, whole := &results.Kernels{SDK: "12.0", BF16: &yes}, &results.Kernels{SDK: "26.2", BF16: &yes}
	f, err := source.Load(t.Context(), "preset:qwen2.5-0.5b", source.Options{})
	require.NoError(t, err)
	f = family.KVFaithful(f)
	files := map[string]string{}
	for _, typ := range []string{"bf16", "q8_0"} {
		files[typ] = filepath.Join(t.TempDir(), typ+".gguf")
		require.NoError(t, skeleton.WriteGGUF(t.Context(), files[typ], f, family.TypePlan{Matrices: typ}, nil))
	}
	tests := []struct {
		name       string
		kernels    *results.Kernels
		file, keys string
		env        string
		refused    string
	}{
		{"a model of bf16", gone, "bf16", "f16", "", "is bf16: Metal has no kernels for bf16 in a program of SDK 12.0"},
		{"left to the CPU", gone, "bf16", "f16", "1", ""},
		{"a current SDK", whole, "bf16", "f16", "", ""},
		{"no Metal", nil, "bf16", "f16", "", ""},
		{"a model without", gone, "q8_0", "f16", "", ""},
		{"a cache of bf16", gone, "q8_0", "bf16", "", "a cache of bf16: Metal has no kernels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(noBF16Env, tt.env)
			err := refuseBF16(tt.kernels, files[tt.file], results.Case{TypeK: tt.keys, TypeV: "f16"})
			if tt.refused == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, tt.refused)
			}
		})
	}
}
