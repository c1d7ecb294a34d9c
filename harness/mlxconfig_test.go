package harness_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/mlx/lm"
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/source"
)

// TestMLXConfigSaysWhatHeadersSay: of a model type whose tensors are known without a
// folder, weights and operations are those of the folder's headers.
func TestMLXConfigSaysWhatHeadersSay(t *testing.T) {
	for name, g := range mlxGoldens(t) {
		if !strings.HasSuffix(name, ".f32") {
			continue // of packed weights, no config.json tells the type of the scales
		}
		t.Run(name, func(t *testing.T) {
			stored, err := source.Load(t.Context(), g.folder(t), source.Options{})
			require.NoError(t, err)
			config := stored
			config.Tensors = nil
			want, err := cost.MLXWeightBytes(stored, "")
			require.NoError(t, err)
			got, err := cost.MLXWeightBytes(config, "f32")
			if headersOnly[stored.ModelType] {
				require.ErrorIs(t, err, cost.ErrNoRule)
				t.Skipf("not predicted: %v", err)
			}
			require.NoError(t, err)
			assert.Equal(t, want-unsaid[name], got)
			says := func(f arch.Facts, w cost.Work) int64 {
				c, err := cost.MLX(f, params("F32", g.options()), w)
				require.NoError(t, err)
				return c.FLOPs()
			}
			for _, w := range []cost.Work{{NPrompt: 5, NGen: 2}, {NPrompt: 40, NGen: 3, NDepth: 30}} {
				headers := says(stored, w)
				w.Weights = "f32"
				assert.Equal(t, headers, says(config, w), "%+v", w)
			}
		})
	}
}

// TestMLXFoldersRunOrAreRefused: every golden's folder is taken as one that runs, and a
// configuration that the library is never asked about is refused in one sentence.
func TestMLXFoldersRunOrAreRefused(t *testing.T) {
	for name, g := range mlxGoldens(t) {
		assert.NoError(t, lm.Runs(g.folder(t)), name)
	}
	for want, change := range map[string]func(config map[string]any){
		"model type \"apertus\" does not run on MLX here": func(c map[string]any) { c["model_type"] = "apertus" },
		"is no multiple of": func(c map[string]any) { c["num_key_value_heads"] = 3 },
	} {
		g := mlxGoldens(t)["llama.f32"]
		var config map[string]any
		require.NoError(t, json.Unmarshal(g.Config, &config))
		change(config)
		var err error
		g.Config, err = json.Marshal(config)
		require.NoError(t, err)
		require.ErrorContains(t, lm.Runs(g.folder(t)), want)
	}
}

// headersOnly are model types whose tensors no facts tell.
var headersOnly = map[string]bool{"gemma3n_text": true, "gemma4_text": true}

// unsaid are bytes of biases that no facts tell of: of MLPs, of convolutions, of
// norms.
var unsaid = map[string]int64{"llama-bias-linear.f32": 4 * 3 * (64 + 64 + 32),
	"lfm2.f32": 4 * 2 * (32 + 32 + 96), "cohere2.f32": 4 * 32 * 5}
