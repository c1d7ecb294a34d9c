package memory_test

import (
	"cmp"
	"encoding/csv"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/kv"
	"assay/predict/memory"
	"assay/predict/source"
)

// published are the models of mlx-peaks.csv, as references.
var published = map[string]string{
	"Qwen3-8B": "preset:qwen3-8b", "Qwen3-30B-A3B-Instruct-2507": "preset:qwen3-30b-a3b", "DeepSeek-V3 type": "preset:deepseek-v3",
	"gpt-oss-20b": "preset:gpt-oss-20b", "gpt-oss-120b": "preset:gpt-oss-120b",
	"Qwen3-Coder-Next": "preset:qwen3-next-80b-a3b", "qwen3-coder-next": "preset:qwen3-next-80b-a3b",
	"Mistral 7B": "preset:mistral-7b", "Mistral-7B-Instruct-v0.3": "preset:mistral-7b", "Meta-Llama-3.1-8B-Instruct": "preset:llama-3.1-8b",
	"Llama 3.1 8B Instruct": "preset:llama-3.1-8b", "Mixtral-8x7B-Instruct": "preset:mixtral-8x7b", "Gemma-2-9B-It": "preset:gemma-2-9b",
	"Qwen3.5-9B": "preset:qwen3.5-9b", "qwen3_5-9b-mlx": "preset:qwen3.5-9b",
	"Qwen3.6-35B-A3B": "preset:qwen3.6-35b-a3b", "qwen3_6-35b-a3b": "preset:qwen3.6-35b-a3b",
	"GLM-4.7-Flash": "preset:glm-4.7-flash", "GLM-4.7-Flash (glm4_moe_lite)": "preset:glm-4.7-flash",
	"gemma-4-26b-a4b-it": "preset:gemma-4-26b-a4b", "gemma-4-31b-it": "preset:gemma-4-31b", "gemma-4-e2b-it": "preset:gemma-4-e2b",
	"Qwen3-4B-Instruct-2507": `{"model_type": "qwen3", "hidden_size": 2560, "num_hidden_layers": 36, "num_attention_heads": 32,
		"num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 9728, "vocab_size": 151936, "tie_word_embeddings": true,
		"max_position_embeddings": 262144, "rms_norm_eps": 1e-6}`,
}

var publishedTypes = map[string]string{"Q4": "4bit", "Q8": "8bit", "4bit (inferred)": "4bit", "fp16": "f16", "MXFP4-Q8": "mxfp4-q8",
	"5bit g32": "5bit-g32", "4bit g32": "4bit-g32"}

// notHeld are the rows that are no measure of the prediction, and why.
var notHeld = map[string][]string{
	"the model is not said":                                        {"p012"},
	"mlx-lm before latent attention cached its latent":             {"p013", "p015", "p017", "p020", "p022", "p024"},
	"granite-4.0-h-small has no preset, nor is its config at hand": {"p025", "p026"},
	"Qwen3.8 27B has no preset, nor is its config at hand":         {"p029", "p031", "p032"},
	"another engine over MLX, its own chunks":                      {"p046", "p047", "p050", "p051"},
}

// notPredicted are models whose weights mlx-lm's rules here do not list without a folder.
var notPredicted = []string{"gemma-4-26b-a4b-it", "gemma-4-31b-it", "gemma-4-e2b-it"}

// unexplained are rows that the prediction misses by more than a tenth for no reason
// known: p041 took 1.8 GB more than predicted. It names no release of MLX; that it was an
// old one explains nothing, as p042 and p043 of MLX 0.6 (2024) are met.
var unexplained = []string{"p041"}

// TestMLXPeaksArePublishedOnes holds the prediction against what mlx-lm printed on
// Macs: within a tenth, but for the rows named above.
func TestMLXPeaksArePublishedOnes(t *testing.T) {
	file, err := os.Open("testdata/mlx-peaks.csv")
	require.NoError(t, err)
	defer file.Close()
	r := csv.NewReader(file)
	r.Comment = '#'
	rows, err := r.ReadAll()
	require.NoError(t, err)
	left := slices.Concat(slices.Collect(maps.Values(notHeld))...)
	for _, row := range rows[1:] {
		id, model := row[0], row[1]
		if slices.Contains(left, id) {
			continue
		}
		total := peakOf(t, row)
		if slices.Contains(notPredicted, model) {
			assert.Nil(t, total, "%s: %s is predicted now: hold its rows", id, model)
			continue
		}
		require.NotNil(t, total, id)
		peak, err := strconv.ParseFloat(row[12], 64)
		require.NoError(t, err)
		off := float64(*total)/1e9/peak - 1
		t.Logf("%s %-28s %-9s %6s tokens: %7.3f GB, predicted %7.3f, %+.1f %%", id, model, row[2], row[3], peak, float64(*total)/1e9, 100*off)
		if slices.Contains(unexplained, id) {
			assert.Greater(t, math.Abs(off), 0.1, "%s is met now: it is no exception", id)
			continue
		}
		assert.LessOrEqual(t, math.Abs(off), 0.1, id)
	}
}

// peakOf predicts a row's peak in bytes; nil where it is not predicted.
func peakOf(t *testing.T, row []string) *int64 {
	t.Helper()
	require.Contains(t, []string{"2048", ""}, row[5], "%s: the schedule has chunks of 2048", row[0])
	ref := published[row[1]]
	require.NotEmpty(t, ref, "%s: %s has no preset: say under notHeld why", row[0], row[1])
	if config := ref; strings.HasPrefix(config, "{") {
		ref = filepath.Join(t.TempDir(), "config.json")
		require.NoError(t, os.WriteFile(ref, []byte(config), 0o600))
	}
	number := func(i, otherwise int) int {
		if n, err := strconv.Atoi(row[i]); err == nil {
			return n
		}
		return otherwise
	}
	f, err := source.Load(t.Context(), ref, source.Options{})
	require.NoError(t, err)
	parts, err := memory.MLX(f, cmp.Or(publishedTypes[row[2]], row[2]), kv.MLXParams{}, memory.MLXRun{
		Calls: kv.MLXSchedule(number(3, 1), number(4, 128)), Release: row[10], Buffer: memory.BufferOf(row[7]),
	})
	require.NoError(t, err)
	return parts.Total()
}
