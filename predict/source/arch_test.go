package source_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/source"
)

func load(t *testing.T, ref string) arch.Facts {
	t.Helper()
	f, err := source.Load(context.Background(), ref, source.Options{})
	require.NoError(t, err)
	return f
}

// TestPresets holds the published figures of the models' configs and cards.
func TestPresets(t *testing.T) {
	for _, want := range []struct {
		ref                          string
		family                       string
		layers                       int
		heads, kvHeads, dim, hidden  int64
		window                       int64
		globalLayers                 int
		vocab, intermediate, experts int64
		parameters                   int64 // 0: not stated to the unit
	}{
		{"preset:llama-3.1-8b", "llama", 32, 32, 8, 128, 4096, 0, 32, 128256, 14336, 0, 8030261248},
		{"llama-3.1-405b", "llama", 126, 128, 8, 128, 16384, 0, 126, 128256, 53248, 0, 405853388800},
		{"llama-3.2-1b", "llama", 16, 32, 8, 64, 2048, 0, 16, 128256, 8192, 0, 1235814400},
		{"qwen2.5-14b", "qwen2", 48, 40, 8, 128, 5120, 0, 48, 152064, 13824, 0, 14770033664},
		{"qwen2.5-0.5b", "qwen2", 24, 14, 2, 64, 896, 0, 24, 151936, 4864, 0, 494032768},
		{"qwen1.5-moe-a2.7b", "qwen2moe", 24, 16, 16, 128, 2048, 0, 24, 151936, 0, 60, 14315784192},
		{"gemma-3-12b", "gemma3", 48, 16, 8, 256, 3840, 1024, 8, 262208, 15360, 0, 0},
		{"gemma-3-27b", "gemma3", 62, 32, 16, 128, 5376, 1024, 10, 262208, 21504, 0, 0},
		{"smollm2-135m", "llama", 30, 9, 3, 64, 576, 0, 30, 49152, 1536, 0, 134515008},
	} {
		t.Run(want.ref, func(t *testing.T) {
			f := load(t, want.ref)
			assert.Equal(t, want.family, f.Family)
			assert.Len(t, f.Layers, want.layers)
			assert.Equal(t, want.hidden, f.Hidden)
			assert.Equal(t, want.vocab, f.Vocab)
			global := 0
			for _, l := range f.Layers {
				assert.Equal(t, want.heads, l.Attention.Heads)
				assert.Equal(t, want.kvHeads, l.Attention.KVHeads)
				assert.Equal(t, want.dim, l.Attention.KeyDim)
				assert.Equal(t, want.dim, l.Attention.ValueDim)
				assert.Equal(t, want.intermediate, l.FeedForward.Intermediate)
				if l.Attention.Window == 0 {
					global++
				} else {
					assert.Equal(t, want.window, l.Attention.Window)
				}
			}
			assert.Equal(t, want.globalLayers, global)
			if want.experts > 0 {
				assert.Equal(t, want.experts, f.Layers[0].FeedForward.Experts.Count)
			}
			if want.parameters > 0 {
				assert.Equal(t, want.parameters, parameters(t, f))
			}
		})
	}
}

// parameters counts the GGUF's elements.
func parameters(t *testing.T, f arch.Facts) (n int64) {
	t.Helper()
	tensors, err := family.Tensors(f, family.TypePlan{})
	require.NoError(t, err)
	for _, tensor := range tensors {
		n += tensor.Elements()
	}
	return n
}

// TestGemma3GlobalLayers refutes "the first eight layers are global": every sixth is.
func TestGemma3GlobalLayers(t *testing.T) {
	var global []int
	for i, l := range load(t, "gemma-3-12b").Layers {
		if l.Attention.Window == 0 {
			global = append(global, i)
		}
	}
	assert.Equal(t, []int{5, 11, 17, 23, 29, 35, 41, 47}, global)
}

func TestEveryPresetLoads(t *testing.T) {
	for _, name := range source.Presets() {
		f := load(t, name)
		assert.NotEmpty(t, f.Name, name)
		assert.NotEmpty(t, f.Provenance, name)
		_, err := family.Metadata(f)
		assert.NoError(t, err, name)
		_, err = family.Tensors(family.KVFaithful(f), family.TypePlan{})
		assert.NoError(t, err, name)
	}
}
