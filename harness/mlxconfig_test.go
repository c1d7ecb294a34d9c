package harness_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// headersOnly are model types whose tensors no facts tell.
var headersOnly = map[string]bool{"gemma3n_text": true, "gemma4_text": true}

// unsaid are bytes of biases that no facts tell of: of MLPs, of convolutions, of
// norms.
var unsaid = map[string]int64{"llama-bias-linear.f32": 4 * 3 * (64 + 64 + 32), "lfm2.f32": 4 * 2 * (32 + 32 + 96), "cohere2.f32": 4 * 32 * 5}
