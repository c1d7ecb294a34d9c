package skeleton_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/skeleton"
	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/kv"
	"assay/predict/safetensors"
	"assay/predict/source"
)

// folderModels is a preset of each family that package lm runs, where there is one.
var folderModels = []string{
	"llama-3.2-1b", "mistral-7b", "qwen2.5-0.5b", "qwen3-8b", "qwen1.5-moe-a2.7b", "qwen3-30b-a3b",
	"mixtral-8x7b", "gemma-2-9b", "gemma-3-12b", "phi-3-mini-4k", "gpt-oss-20b",
	"qwen3-next-80b-a3b", "qwen3.5-9b", "qwen3.5-35b-a3b",
}

// TestFolderHasTheFactsAndTheCache reads a KV-faithful folder back: the same
// layers, and mlx-lm's cache for it is the real model's.
func TestFolderHasTheFactsAndTheCache(t *testing.T) {
	for _, preset := range folderModels {
		t.Run(preset, func(t *testing.T) {
			full, err := source.Load(t.Context(), "preset:"+preset, source.Options{})
			require.NoError(t, err)
			f := skeleton.FolderFacts(full)
			folder, err := skeleton.SparseFolder(t.Context(), t.TempDir(), f, "f16")
			require.NoError(t, err)
			back, err := source.Load(t.Context(), folder, source.Options{})
			require.NoError(t, err)
			require.Len(t, back.Layers, len(full.Layers))
			for i := range f.Layers {
				want, got := f.Layers[i].Attention, back.Layers[i].Attention
				assert.Equal(t, f.Layers[i].Recurrent, back.Layers[i].Recurrent, "layer %d", i)
				if want == nil {
					assert.Nil(t, got, "layer %d", i)
					continue
				}
				assert.Equal(t, []int64{want.Heads, want.KVHeads, want.KeyDim, want.ValueDim, want.Window},
					[]int64{got.Heads, got.KVHeads, got.KeyDim, got.ValueDim, got.Window}, "layer %d", i)
				assert.Equal(t, f.Layers[i].FeedForward.Experts == nil, back.Layers[i].FeedForward.Experts == nil, "layer %d", i)
			}
			assert.Equal(t, cacheAfter(t, full, 5000), cacheAfter(t, back, 5000))
		})
	}
}

// TestFolderFactsKeepEveryCache: what a folder cannot say yet keeps its cache too.
func TestFolderFactsKeepEveryCache(t *testing.T) {
	for _, preset := range []string{"deepseek-v2-lite", "deepseek-v3", "falcon-h1-7b", "lfm2-1.2b", "qwen3-next-80b-a3b"} {
		full, err := source.Load(t.Context(), "preset:"+preset, source.Options{})
		require.NoError(t, err)
		small := skeleton.FolderFacts(full)
		assert.Equal(t, cacheAfter(t, full, 5000), cacheAfter(t, small, 5000), preset)
	}
}

func cacheAfter(t *testing.T, f arch.Facts, tokens int) []kv.Layer {
	cache, err := kv.MLX(f, kv.MLXParams{})
	require.NoError(t, err)
	for _, call := range kv.MLXSchedule(tokens, 3) {
		cache.Append(call)
	}
	return cache.Plan().Layers
}

func TestFolderIsWrittenOnceAndTheSame(t *testing.T) {
	full, err := source.Load(t.Context(), "preset:qwen2.5-0.5b", source.Options{})
	require.NoError(t, err)
	f := skeleton.FolderFacts(full)
	var files [][]byte
	for range 2 {
		folder, err := skeleton.Folder(t.Context(), t.TempDir(), f, "4bit")
		require.NoError(t, err)
		file, err := os.ReadFile(filepath.Join(folder, "model.safetensors"))
		require.NoError(t, err)
		files = append(files, file)
	}
	assert.Equal(t, files[0], files[1])
	other, err := skeleton.Folder(t.Context(), t.TempDir(), f, "8bit")
	require.NoError(t, err)
	opened, err := safetensors.Open(other)
	require.NoError(t, err)
	defer opened.Close()
	words := int64(0)
	for _, tensor := range opened.Tensors {
		if tensor.DType == safetensors.U32 {
			words++
		}
	}
	assert.EqualValues(t, 7*len(f.Layers)+1, words, "every matrix and the embedding are packed")
}

func TestSparseFolderTakesNoSpace(t *testing.T) {
	full, err := source.Load(t.Context(), "preset:llama-3.2-1b", source.Options{})
	require.NoError(t, err)
	folder, err := skeleton.SparseFolder(t.Context(), t.TempDir(), full, "f16")
	require.NoError(t, err)
	info, err := os.Stat(filepath.Join(folder, "model.safetensors"))
	require.NoError(t, err)
	assert.Greater(t, info.Size(), int64(2<<30), "every weight of a model of 1.2 billion has its place")
}

func TestFolderRefuses(t *testing.T) {
	for _, test := range []struct{ preset, weights, want string }{
		{"qwen3-8b", "q4_0", "q4_0"},
		{"falcon-h1-7b", "f16", "layer 0"},
		{"deepseek-v3", "f16", "layer"},
	} {
		t.Run(test.preset, func(t *testing.T) {
			f, err := source.Load(t.Context(), "preset:"+test.preset, source.Options{})
			require.NoError(t, err)
			dir := t.TempDir()
			_, err = skeleton.Folder(t.Context(), dir, family.KVFaithful(f), test.weights)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// TestFailedFolderLeavesNothing: a folder that could not be completed is not left
// behind, and one that was there is not taken for complete.
func TestFailedFolderLeavesNothing(t *testing.T) {
	f, err := source.Load(t.Context(), "preset:llama-3.2-1b", source.Options{})
	require.NoError(t, err)
	f = skeleton.FolderFacts(f)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	fresh, there := filepath.Join(t.TempDir(), "fresh"), t.TempDir()
	require.ErrorIs(t, skeleton.WriteFolder(cancelled, fresh, f, "f16", true), context.Canceled)
	assert.NoDirExists(t, fresh)
	require.NoError(t, skeleton.WriteFolder(t.Context(), there, f, "f16", true))
	require.ErrorIs(t, skeleton.WriteFolder(cancelled, there, f, "8bit", true), context.Canceled)
	assert.NoFileExists(t, filepath.Join(there, "config.json"))
	require.NoError(t, os.WriteFile(filepath.Join(there, "model-00001-of-00002.safetensors"), nil, 0o600))
	require.ErrorContains(t, skeleton.WriteFolder(t.Context(), there, f, "f16", true), "model-00001-of-00002.safetensors")
	assert.FileExists(t, filepath.Join(there, "model.safetensors"), "what is not ours stays")
}

// TestMixedFolders: a recipe gives values and down projections more bits in the layers
// that mixed_quant_predicate_builder of mlx-lm 0.32.2 names, and the output layer too.
func TestMixedFolders(t *testing.T) {
	for _, test := range []struct {
		preset, recipe string
		low, high      float64
		layers         []int
	}{
		{"llama-3.2-1b", "mixed_3_6", 3, 6, []int{0, 1, 4, 7, 10, 13, 14, 15}},
		{"qwen2.5-0.5b", "mixed_2_6", 2, 6, []int{0, 1, 2, 5, 8, 11, 14, 17, 20, 21, 22, 23}},
	} {
		full, err := source.Load(t.Context(), "preset:"+test.preset, source.Options{})
		require.NoError(t, err)
		full.TiedEmbeddings = false
		folder, err := skeleton.SparseFolder(t.Context(), t.TempDir(), skeleton.FolderFacts(full), test.recipe)
		require.NoError(t, err)
		text, err := os.ReadFile(filepath.Join(folder, "config.json"))
		require.NoError(t, err)
		var config struct{ Quantization map[string]any }
		require.NoError(t, json.Unmarshal(text, &config))
		want := map[string]any{"bits": test.low, "group_size": 64.0}
		wide := map[string]any{"bits": test.high, "group_size": 64.0}
		for _, layer := range test.layers {
			want[fmt.Sprintf("model.layers.%d.self_attn.v_proj", layer)] = wide
			want[fmt.Sprintf("model.layers.%d.mlp.down_proj", layer)] = wide
		}
		want["lm_head"] = wide
		assert.Equal(t, want, config.Quantization, test.preset)
	}
}
