package harness_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/runtimes"
	"assay/native/mlx/lm"
	"assay/native/mlx/mlxtest"
	"assay/predict/kv"
	"assay/predict/safetensors"
	"assay/predict/source"
	"assay/results"
)

// mlxFolder writes a model of a configuration, all weights 0, and answers its path.
func mlxFolder(t *testing.T, config map[string]any, dtype safetensors.DType) string {
	folder := t.TempDir()
	text, err := json.Marshal(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config.json"), text, 0o600))
	weights, err := lm.Weights(text)
	require.NoError(t, err)
	var w safetensors.Writer
	for _, weight := range weights {
		shape := make([]int64, len(weight.Shape))
		for i, dim := range weight.Shape {
			shape[i] = int64(dim)
		}
		w.Add(weight.Name, dtype, shape...)
	}
	require.NoError(t, w.Create(filepath.Join(folder, "model.safetensors"), func(safetensors.Tensor, io.Writer) error { return nil }))
	return folder
}

// small are the fields that all configurations here share.
func small(modelType string, more map[string]any) map[string]any {
	config := map[string]any{
		"model_type": modelType, "hidden_size": 32, "num_hidden_layers": 4, "intermediate_size": 32,
		"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "rms_norm_eps": 1e-5, "vocab_size": 64,
		"max_position_embeddings": 4096, "tie_word_embeddings": true, "rope_theta": 10000.0,
	}
	for name, value := range more {
		config[name] = value
	}
	return config
}

// TestMLXCacheBytesArePredicted walks caches through growth and rotation and
// compares slots and bytes of every layer with the prediction at every step.
func TestMLXCacheBytesArePredicted(t *testing.T) {
	lib := mlxtest.Library(t)
	walk := []int{5, 1, 1, 40, 1, 100, 300, 1, 7, 1, 1, 250}
	for range 20 { // the seventh token grows a plain cache off the grid of 256
		walk = append(walk, 1)
	}
	walk = append(walk, 100, 1, 1)
	for _, test := range []struct {
		name    string
		config  map[string]any
		dtype   safetensors.DType
		options lm.CacheOptions
	}{
		{"plain", small("qwen3", nil), "F32", lm.CacheOptions{}},
		{"plain, half the width", small("gemma2", nil), "BF16", lm.CacheOptions{}},
		{"bounded", small("qwen3", nil), "F32", lm.CacheOptions{MaxKVSize: 300}},
		{"rotating on three of four", small("gemma3_text", map[string]any{"sliding_window": 64, "sliding_window_pattern": 4}),
			"F16", lm.CacheOptions{}},
		{"rotating over more than a block", small("llama", map[string]any{
			"sliding_window": 400, "layer_types": []string{"sliding_attention", "full_attention", "sliding_attention", "full_attention"},
		}), "F32", lm.CacheOptions{}},
		{"a window that mlx-lm ignores", small("mistral", map[string]any{"sliding_window": 64}), "F32", lm.CacheOptions{}},
		{"quantised at once", small("llama", nil), "F32", lm.CacheOptions{KVBits: 4, KVGroupSize: 32}},
		{"quantised later", small("llama", nil), "F32", lm.CacheOptions{KVBits: 8, KVGroupSize: 32, QuantizedKVStart: 200}},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := mlxFolder(t, test.config, test.dtype)
			model, err := lm.Load(lib, folder)
			require.NoError(t, err)
			defer model.Close()
			session, err := model.NewSession(test.options)
			require.NoError(t, err)
			defer session.Close()
			facts, err := source.Load(t.Context(), folder, source.Options{})
			require.NoError(t, err)
			predicted, err := kv.MLX(facts, params(test.dtype, test.options))
			require.NoError(t, err)
			for step, tokens := range walk {
				_, err := session.Logits(make([]int32, tokens))
				require.NoError(t, err)
				predicted.Append(tokens)
				measured, err := session.Layers()
				require.NoError(t, err)
				for i, want := range predicted.Plan().Layers {
					got := kv.Layer{Layer: i, Class: want.Class, Cells: int64(measured[i].Slots),
						KBytes: measured[i].KeyBytes, VBytes: measured[i].ValueBytes,
						KRowBytes: want.KRowBytes, VRowBytes: want.VRowBytes}
					require.Equal(t, want, got, "step %d, layer %d", step, i)
				}
			}
			assert.EqualValues(t, predicted.Tokens(), session.Tokens())
		})
	}
}

func params(dtype safetensors.DType, o lm.CacheOptions) kv.MLXParams {
	types := map[safetensors.DType]string{"F32": "f32", "F16": "f16", "BF16": "bf16"}
	return kv.MLXParams{
		Type: types[dtype], MaxKVSize: o.MaxKVSize,
		KVBits: o.KVBits, KVGroupSize: o.KVGroupSize, QuantizedKVStart: o.QuantizedKVStart,
	}
}

// TestMLXScheduleIsMLXLMs: prefill and decode leave the cache as predicted for
// the calls that mlx-lm makes, with a chunked prompt.
func TestMLXScheduleIsMLXLMs(t *testing.T) {
	lib := mlxtest.Library(t)
	folder := mlxFolder(t, small("gemma3_text", map[string]any{"sliding_window": 64, "sliding_window_pattern": 4}), "F32")
	model, err := lm.Load(lib, folder)
	require.NoError(t, err)
	defer model.Close()
	facts, err := source.Load(t.Context(), folder, source.Options{})
	require.NoError(t, err)
	for _, size := range []struct{ prompt, generated int }{{1, 1}, {256, 1}, {300, 70}, {2050, 3}} {
		session, err := model.NewSession(lm.CacheOptions{})
		require.NoError(t, err)
		_, err = session.Prefill(t.Context(), make([]int32, size.prompt))
		require.NoError(t, err)
		_, err = session.Decode(t.Context(), size.generated)
		require.NoError(t, err)
		predicted, err := kv.MLX(facts, kv.MLXParams{Type: "f32"})
		require.NoError(t, err)
		for _, tokens := range kv.MLXSchedule(size.prompt, size.generated) {
			predicted.Append(tokens)
		}
		measured, err := session.Layers()
		require.NoError(t, err)
		for i, want := range predicted.Plan().Layers {
			assert.Equal(t, want.Bytes(), measured[i].KeyBytes+measured[i].ValueBytes, "%+v, layer %d", size, i)
		}
		require.NoError(t, session.Close())
	}
}

// TestMLXCasesArePredicted takes cases through the adapter, as a run does: the
// cache that is measured is the predicted one, below, at and past a bound, and
// a bound does not reach a family that chooses its own caches.
func TestMLXCasesArePredicted(t *testing.T) {
	mlxtest.Library(t)
	rt, err := runtimes.Named("mlx")
	require.NoError(t, err)
	engine, err := rt.Open()
	require.NoError(t, err)
	qwen, llama := mlxFolder(t, small("qwen3", nil), "F32"), mlxFolder(t, small("llama", nil), "F32")
	for _, test := range []struct {
		name, folder string
		c            results.Case
		cells        int64 // of each layer in the end
	}{
		{"no bound", qwen, results.Case{NPrompt: 500, NGen: 3}, 512},
		{"below the bound", qwen, results.Case{NPrompt: 500, NGen: 3, MaxKVSize: 600}, 600},
		{"past the bound", qwen, results.Case{NPrompt: 500, NGen: 3, MaxKVSize: 300}, 300},
		{"a long prompt past the bound", qwen, results.Case{NPrompt: 500, MaxKVSize: 300}, 300},
		{"depth past the bound", qwen, results.Case{NDepth: 400, NPrompt: 200, MaxKVSize: 300}, 300},
		{"a family that chooses", llama, results.Case{NPrompt: 500, NGen: 3, MaxKVSize: 300}, 512},
		{"quantised", llama, results.Case{NPrompt: 500, NGen: 3, KVBits: 4, KVGroupSize: 32}, 512},
		{"three sequences", llama, results.Case{NPrompt: 500, NGen: 30, NSeq: 3}, 3 * 768},
		{"two sequences behind a depth", qwen, results.Case{NDepth: 250, NPrompt: 8, NSeq: 2}, 2 * 506},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts, err := source.Load(t.Context(), test.folder, source.Options{})
			require.NoError(t, err)
			test.c.Kind = results.KindKV
			c := rt.Settle(test.c, facts)
			predicted, err := rt.Predict(facts, facts, "", c, results.Runtime{})
			require.NoError(t, err)
			session, err := engine.Load(t.Context(), test.folder, c)
			require.NoError(t, err)
			measured, _, err := session.Observe(t.Context(), c)
			require.NoError(t, err)
			require.NoError(t, session.Close())
			assert.Equal(t, predicted.KVLayers, measured.KVLayers)
			assert.Equal(t, test.cells, measured.KVLayers[0].Cells)
		})
	}
}

// What mlx-lm's batches are not known to do is refused, in a sentence.
func TestMLXRefusesBatchesThatAreNotKnown(t *testing.T) {
	rt, err := runtimes.Named("mlx")
	require.NoError(t, err)
	for _, test := range []struct {
		model string
		c     results.Case
		want  string
	}{
		{"gemma2", results.Case{NSeq: 2}, "mlx-lm's gemma2 generates several sequences at once is not known here"},
		{"llama", results.Case{NSeq: 2, KVBits: 4, KVGroupSize: 32}, "without kv-bits"},
		{"qwen3", results.Case{NSeq: 9}, "give at most 8 sequences, not 9"},
	} {
		facts, err := source.Load(t.Context(), mlxFolder(t, small(test.model, nil), "F32"), source.Options{})
		require.NoError(t, err)
		test.c.Kind, test.c.NPrompt = results.KindKV, 8
		_, err = rt.Predict(facts, facts, "", rt.Settle(test.c, facts), results.Runtime{})
		require.ErrorContains(t, err, test.want)
	}
}

func TestMLXRefusesABoundWithoutRoom(t *testing.T) {
	facts, err := source.Load(t.Context(), mlxFolder(t, small("qwen3", nil), "F32"), source.Options{})
	require.NoError(t, err)
	_, err = kv.MLX(facts, kv.MLXParams{MaxKVSize: 4})
	require.ErrorContains(t, err, "give at least 5")
	_, err = kv.MLX(facts, kv.MLXParams{MaxKVSize: 5})
	require.NoError(t, err)
}
