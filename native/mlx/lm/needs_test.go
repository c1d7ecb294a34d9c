package lm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/mlx/lm"
	"assay/native/mlx/mlxtest"
)

// TestWeightsAreThoseOfMLXLM compares with the parameters of mlx-lm's modules,
// which the goldens list.
func TestWeightsAreThoseOfMLXLM(t *testing.T) {
	for name, g := range goldens(t) {
		if strings.Contains(string(g.Config), `"quantization`) {
			continue // one matrix in them is left unquantised without config.json saying so
		}
		t.Run(name, func(t *testing.T) {
			weights, err := lm.Weights(g.Config)
			require.NoError(t, err)
			var got []tensor
			for _, weight := range weights {
				got = append(got, tensor{weight.Name, g.Tensors[0].Type, weight.Shape})
				assert.False(t, weight.Packed)
			}
			slices.SortFunc(got, func(a, b tensor) int { return strings.Compare(a.Name, b.Name) })
			assert.Equal(t, sorted(g.Tensors), got)
		})
	}
}

func sorted(tensors []tensor) []tensor {
	tensors = slices.Clone(tensors)
	slices.SortFunc(tensors, func(a, b tensor) int { return strings.Compare(a.Name, b.Name) })
	return tensors
}

// TestQuantisedWeightsLoad: what is listed for a quantised model is what Load
// wants.
func TestQuantisedWeightsLoad(t *testing.T) {
	lib := mlxtest.Library(t)
	for _, name := range []string{"llama.mixed", "gpt_oss.q4", "qwen2_moe.q8"} {
		t.Run(name, func(t *testing.T) {
			g := readGolden(t, "testdata/"+name+".json")
			weights, err := lm.Weights(g.Config)
			require.NoError(t, err)
			var tensors []tensor
			for _, weight := range weights {
				kind := "F16"
				if weight.Packed {
					kind = "U32"
				}
				tensors = append(tensors, tensor{weight.Name, kind, weight.Shape})
			}
			model, err := lm.Load(lib, writeFolder(t, g.Config, tensors))
			require.NoError(t, err)
			assert.NoError(t, model.Close())
		})
	}
}

func TestWeightsRefuseAnUnknownModel(t *testing.T) {
	_, err := lm.Weights([]byte(`{"model_type":"bert"}`))
	require.ErrorContains(t, err, `"bert"`)
	_, err = lm.Weights([]byte(`[]`))
	require.Error(t, err)
	_, err = lm.Weights([]byte(`{"model_type":"llama"}`))
	require.ErrorContains(t, err, "hidden_size is missing")
}

func TestIgnoredAreTheTensorsThatAreNotLoaded(t *testing.T) {
	const layer = "model.layers.0.input_layernorm.weight"
	for config, want := range map[string]map[string]bool{
		string(readGolden(t, "testdata/gemma3.f32.json").Config):            {"vision_tower.a": true, "multi_modal_projector.b": true},
		string(readGolden(t, "testdata/llama-tied-llama3.f32.json").Config): {"lm_head.weight": true},
		string(readGolden(t, "testdata/llama.f32.json").Config):             {},
		string(readGolden(t, "testdata/qwen3_moe.mixed.json").Config):       {},
	} {
		ignored, err := lm.Ignored([]byte(config), []string{"vision_tower.a", "multi_modal_projector.b", "lm_head.weight",
			"language_model." + layer, layer})
		require.NoError(t, err)
		assert.Equal(t, want, ignored, config)
	}
	_, err := lm.Ignored([]byte(`{"model_type": "mamba2"}`), nil)
	var unsupported *lm.UnsupportedError
	assert.ErrorAs(t, err, &unsupported)
}
