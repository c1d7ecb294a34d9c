package backend_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/backend"
)

func TestOf(t *testing.T) {
	for device, want := range map[string]string{"MTL0": "Metal", "MTL1": "Metal", "Vulkan0": "Vulkan", "CPU": "", "BLAS": "", "MTLx": ""} {
		b, ok := backend.Of(device)
		assert.Equal(t, want != "", ok, device)
		assert.Equal(t, want, b.Name)
	}
	for _, b := range backend.All() {
		assert.NotEmpty(t, b.Source, b.Name)
	}
}

// The table of cache types on Metal, as its sources give it.
func TestMetalAttention(t *testing.T) {
	metal, ok := backend.Of("MTL0")
	require.True(t, ok)
	tests := []struct {
		k, v, flash string
		head        int64
		want        backend.Answer
	}{
		{"f16", "f16", "auto", 128, backend.Answer{Flash: true}},
		{"bf16", "bf16", "on", 64, backend.Answer{Flash: true}},
		{"q8_0", "q8_0", "auto", 128, backend.Answer{Flash: true}},
		{"q8_0", "f16", "auto", 128, backend.Answer{Because: "K q8_0 with V f16 turns flash attention off on Metal"}},
		{"q8_0", "f16", "on", 128, backend.Answer{Flash: true, OnCPU: true,
			Because: "K q8_0 with V f16 puts attention on the CPU in every layer on Metal"}},
		{"q8_0", "f16", "off", 128, backend.Answer{}},
		{"f16", "q8_0", "auto", 128, backend.Answer{Flash: true, OnCPU: true,
			Because: "K f16 with V q8_0 puts attention on the CPU in every layer on Metal"}},
		{"iq4_nl", "iq4_nl", "auto", 128, backend.Answer{Flash: true, OnCPU: true,
			Because: "K iq4_nl puts attention on the CPU in every layer on Metal"}},
		{"iq4_nl", "f16", "auto", 128, backend.Answer{Because: "K iq4_nl with V f16 turns flash attention off on Metal"}},
		{"f16", "f16", "auto", 100, backend.Answer{Because: "a head of 100 turns flash attention off on Metal"}},
		{"f16", "f16", "on", 160, backend.Answer{Flash: true, OnCPU: true,
			Because: "a head of 160 puts attention on the CPU in every layer on Metal"}},
		{"f16", "f16", "auto", 576, backend.Answer{Flash: true}},
	}
	for _, tt := range tests {
		q := backend.Question{KeyHead: tt.head, ValueHead: tt.head, TypeK: tt.k, TypeV: tt.v, Flash: tt.flash}
		assert.Equal(t, tt.want, metal.Attention(q), "%+v", q)
	}
	assert.False(t, metal.HoldsWeights("nvfp4"))
	assert.True(t, metal.HoldsWeights("mxfp4"))
}

// Vulkan's is held against the device by the tests of harness; this is what they saw.
func TestVulkanAttention(t *testing.T) {
	vulkan, ok := backend.Of("Vulkan0")
	require.True(t, ok)
	assert.Equal(t, backend.Answer{Flash: true},
		vulkan.Attention(backend.Question{KeyHead: 64, ValueHead: 64, TypeK: "q8_0", TypeV: "f16", Flash: "auto"}))
	assert.Equal(t, backend.Answer{OnCPU: true, Because: "K q8_0 without flash attention puts attention on the CPU in every layer on Vulkan"},
		vulkan.Attention(backend.Question{KeyHead: 64, ValueHead: 64, TypeK: "q8_0", TypeV: "f16", Flash: "off"}))
}
