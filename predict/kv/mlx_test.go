package kv_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/kv"
)

// mlxModel makes facts of layers with 8 KV heads of 128, one window each.
func mlxModel(modelType string, windows ...int64) arch.Facts {
	f := arch.Facts{Name: modelType, ModelType: modelType}
	for _, window := range windows {
		f.Layers = append(f.Layers, arch.Layer{Attention: &arch.Attention{
			Heads: 16, KVHeads: 8, KeyDim: 128, ValueDim: 128, Window: window,
		}})
	}
	return f
}

// walked is the cache of a model after some calls.
func walked(t *testing.T, f arch.Facts, p kv.MLXParams, calls ...int) *kv.MLXCache {
	c, err := kv.MLX(f, p)
	require.NoError(t, err)
	for _, tokens := range calls {
		c.Append(tokens)
	}
	return c
}

// TestMLXTable holds the rules against slots and bytes that were read from the
// caches of mlx_lm/models/cache.py itself: one layer of 8 heads of 128 in bf16,
// mlx-lm's schedule for a prompt of P and G generated tokens.
func TestMLXTable(t *testing.T) {
	for _, row := range []struct {
		p, g                             int
		plain, plainBytes, q8, q4        int64
		ring, ringPeak, kept4, kept4Peak int64 // slots and bytes
	}{
		{1, 1, 256, 1048576, 557056, 294912, 256, 1048576, 256, 1048576},
		{255, 1, 256, 1048576, 557056, 294912, 510, 2088960, 510, 2088960},
		{256, 0, 256, 1048576, 557056, 294912, 511, 2093056, 511, 2093056},
		{256, 1, 512, 2097152, 1114112, 589824, 511, 2093056, 511, 2093056},
		{512, 128, 768, 3145728, 1671168, 884736, 767, 3141632, 767, 3141632},
		{2048, 128, 2304, 9437184, 5013504, 2654208, 1024, 8384512, 2303, 9433088},
		{2049, 128, 2304, 9437184, 5013504, 2654208, 1024, 8388608, 2304, 9437184},
		{4096, 1024, 5120, 20971520, 11141120, 5898240, 1024, 12574720, 4096, 16777216},
		{4097, 0, 4352, 17825792, 9469952, 5013504, 1024, 12578816, 4096, 16777216},
		{10000, 64, 10240, 41943040, 22282240, 11796480, 1024, 12578816, 4096, 25161728},
	} {
		calls := kv.MLXSchedule(row.p, row.g)
		full, window := mlxModel("qwen2", 0), mlxModel("gpt_oss", 1024)
		plain := walked(t, full, kv.MLXParams{}, calls...)
		assert.Equal(t, row.plain, plain.Plan().Layers[0].Cells, "P %d G %d", row.p, row.g)
		assert.Equal(t, row.plainBytes, plain.Plan().Bytes())
		assert.EqualValues(t, row.p+row.g, plain.Tokens())
		assert.Equal(t, row.q8, walked(t, full, kv.MLXParams{KVBits: 8}, calls...).Plan().Bytes())
		assert.Equal(t, row.q4, walked(t, full, kv.MLXParams{KVBits: 4}, calls...).Plan().Bytes())
		ring := walked(t, window, kv.MLXParams{}, calls...)
		assert.Equal(t, row.ring, ring.Plan().Layers[0].Cells, "P %d G %d", row.p, row.g)
		assert.Equal(t, row.ring*4096, ring.Plan().Bytes())
		assert.Equal(t, row.ringPeak, ring.PeakBytes())
		kept := walked(t, full, kv.MLXParams{MaxKVSize: 4096}, calls...)
		assert.Equal(t, row.kept4, kept.Plan().Layers[0].Cells, "P %d G %d", row.p, row.g)
		assert.Equal(t, row.kept4Peak, kept.PeakBytes())
	}
}

// TestMLXOnRandomCalls compares slots with mlx-lm's own caches, call by call
// (scripts/mlx-goldens --caches).
func TestMLXOnRandomCalls(t *testing.T) {
	file, err := os.Open("testdata/mlx-caches.jsonl")
	require.NoError(t, err)
	defer file.Close()
	lines := json.NewDecoder(file)
	for n := 1; lines.More(); n++ {
		var walk struct {
			Kind         string
			Window       int
			Calls, Slots []int64
		}
		require.NoError(t, lines.Decode(&walk))
		facts, params := mlxModel("qwen2", 0), kv.MLXParams{}
		switch walk.Kind {
		case "rotating":
			facts = mlxModel("gpt_oss", int64(walk.Window))
		case "kept":
			params.MaxKVSize = walk.Window
		}
		cache := walked(t, facts, params)
		for i, tokens := range walk.Calls {
			cache.Append(int(tokens))
			require.Equal(t, walk.Slots[i], cache.Plan().Layers[0].Cells, "line %d, call %d: %+v", n, i, walk)
		}
	}
}

// TestMLXOffTheGrid: prompts that are no whole blocks leave uneven capacities.
func TestMLXOffTheGrid(t *testing.T) {
	for _, test := range []struct {
		calls []int
		want  int64
	}{
		{[]int{100, 300}, 612},
		{[]int{1000, 1000, 1000}, 3024},
		{[]int{256, 256, 1}, 768},
	} {
		assert.Equal(t, test.want, walked(t, mlxModel("llama", 0), kv.MLXParams{}, test.calls...).Plan().Layers[0].Cells)
	}
}

func TestMLXChoosesACacheForEachLayer(t *testing.T) {
	const window = 16
	for _, test := range []struct {
		name  string
		facts arch.Facts
		want  []kv.Class
	}{
		{"gemma3 slides but for every sixth", mlxModel("gemma3_text", window, window, 0), []kv.Class{kv.Sliding, kv.Sliding, kv.Full}},
		{"gemma2 keeps all", mlxModel("gemma2", window, 0), []kv.Class{kv.Full, kv.Full}},
		{"llama with layer_types", mlxModel("llama", window, 0), []kv.Class{kv.Sliding, kv.Full}},
		{"mistral's sliding_window is not used", mlxModel("mistral", window, window), []kv.Class{kv.Full, kv.Full}},
		{"phi3's neither", mlxModel("phi3", window, window), []kv.Class{kv.Full, kv.Full}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []kv.Class
			for _, layer := range walked(t, test.facts, kv.MLXParams{}, 100, 1).Plan().Layers {
				got = append(got, layer.Class)
				if layer.Class == kv.Sliding {
					assert.EqualValues(t, window, layer.Cells)
				} else {
					assert.EqualValues(t, 256, layer.Cells)
				}
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestMLXQuantisesFromATokenOn(t *testing.T) {
	p := kv.MLXParams{KVBits: 8, QuantizedKVStart: 300, Type: "f32"}
	f := mlxModel("llama", 0)
	const plain, packed = 256 * 8 * 256 * 4, 256 * 8 * 2 * (128 + 2*2*4)
	assert.EqualValues(t, plain, walked(t, f, p, 256).Plan().Bytes())
	after := walked(t, f, p, 256, 44)
	assert.EqualValues(t, 2*packed, after.Plan().Bytes(), "512 slots")
	assert.EqualValues(t, 2*plain+2*packed, after.PeakBytes(), "both forms exist for a moment")
}

func TestMLXSharedAndLatentLayers(t *testing.T) {
	shared := mlxModel("gemma3n", 0, 0)
	first := 0
	shared.Layers[1].Attention.SharedFrom = &first
	layers := walked(t, shared, kv.MLXParams{}, 10).Plan().Layers
	assert.Equal(t, kv.Shared, layers[1].Class)
	assert.Zero(t, layers[1].Bytes())
	assert.EqualValues(t, 1048576, layers[0].Bytes())

	latent := mlxModel("deepseek_v3", 0)
	latent.Layers[0].Attention.MLA = &arch.MLA{KVLoraRank: 512, RopeDim: 64}
	plan := walked(t, latent, kv.MLXParams{}, 10).Plan()
	assert.EqualValues(t, 256*512*2, plan.Layers[0].KBytes)
	assert.EqualValues(t, 256*64*2, plan.Layers[0].VBytes)
}

func TestMLXBatch(t *testing.T) {
	one := walked(t, mlxModel("llama", 0), kv.MLXParams{}, 300)
	four := walked(t, mlxModel("llama", 0), kv.MLXParams{NSeq: 4}, 300)
	assert.Equal(t, 4*one.Plan().Bytes(), four.Plan().Bytes())
	assert.Equal(t, 4*one.PeakBytes(), four.PeakBytes())
}

func TestMLXRefuses(t *testing.T) {
	narrow := mlxModel("llama", 0)
	narrow.Layers[0].Attention.KeyDim = 80
	recurrent := mlxModel("falcon_h1", 0)
	recurrent.Layers[0].Recurrent = &arch.Recurrent{Kind: "new"}
	for _, test := range []struct {
		name   string
		facts  arch.Facts
		params kv.MLXParams
		want   string
	}{
		{"rotating and quantised", mlxModel("gpt_oss", 0, 128), kv.MLXParams{KVBits: 8}, "layer 0: attention with sinks"},
		{"rotating and quantised", mlxModel("gemma3_text", 0, 128), kv.MLXParams{KVBits: 8}, "layer 1: a rotating cache"},
		{"bounded and quantised", mlxModel("qwen2", 0), kv.MLXParams{KVBits: 4, MaxKVSize: 100}, "a rotating cache"},
		{"gemma2 and quantised", mlxModel("gemma2", 0), kv.MLXParams{KVBits: 4}, "its own attention"},
		{"uneven groups", narrow, kv.MLXParams{KVBits: 4}, "head of 80"},
		{"odd width", mlxModel("llama", 0), kv.MLXParams{KVBits: 7}, "kv-bits 7"},
		{"unknown type", mlxModel("llama", 0), kv.MLXParams{Type: "q8_0"}, `"q8_0"`},
		{"unknown state", recurrent, kv.MLXParams{}, `recurrent state of kind "new"`},
		{"no chunk", mlxModel("llama4", 0), kv.MLXParams{}, "attention_chunk_size"},
		{"a type of llama.cpp's alone", mlxModel("bert", 0), kv.MLXParams{}, "no model type bert"},
		{"a type with more caches", mlxModel("deepseek_v32", 0), kv.MLXParams{}, "the keys of its indexer"},
		{"no type", mlxModel("", 0), kv.MLXParams{}, "no model_type is known"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := kv.MLX(test.facts, test.params)
			require.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, err, test.facts.Name)
		})
	}
}
