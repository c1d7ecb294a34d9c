package harness_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/skeleton"
	"assay/native/mlx"
	"assay/native/mlx/lm"
	"assay/native/mlx/mlxtest"
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/kv"
	"assay/predict/safetensors"
	"assay/predict/source"
)

// mlxGolden is the part of package lm's goldens that says what a model is.
type mlxGolden struct {
	Config json.RawMessage
	Cache  struct {
		MaxKVSize        int `json:"max_kv_size"`
		KVBits           int `json:"kv_bits"`
		KVGroupSize      int `json:"kv_group_size"`
		QuantizedKVStart int `json:"quantized_kv_start"`
	}
	Tensors []json.RawMessage
}

// mlxGoldens are small models of all families in all weight types, by name.
func mlxGoldens(t *testing.T) map[string]mlxGolden {
	return mlxGoldensIn(t, "../native/mlx/lm/testdata/*.json")
}

func mlxGoldensIn(t *testing.T, pattern string) map[string]mlxGolden {
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	all := map[string]mlxGolden{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var g mlxGolden
		require.NoError(t, json.Unmarshal(text, &g))
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = g
	}
	return all
}

// folder writes the golden's model with all weights 0.
func (g mlxGolden) folder(t *testing.T) string {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "config.json"), g.Config, 0o600))
	var w safetensors.Writer
	for _, row := range g.Tensors {
		var name string
		var dtype safetensors.DType
		var shape []int64
		require.NoError(t, json.Unmarshal(row, &[]any{&name, &dtype, &shape}))
		if stored, ok := smallFloats[dtype]; ok {
			dtype = stored
		}
		w.Add(name, dtype, shape...)
	}
	require.NoError(t, w.Create(filepath.Join(folder, "model.safetensors"), func(safetensors.Tensor, io.Writer) error { return nil }))
	return folder
}

// smallFloats are the goldens' names for what a file holds as bytes and words.
var smallFloats = map[safetensors.DType]safetensors.DType{"E8M0": safetensors.U8, "E4M3": safetensors.U8, "F8X4": safetensors.U32}

func (g mlxGolden) options() lm.CacheOptions {
	return lm.CacheOptions{MaxKVSize: g.Cache.MaxKVSize, KVBits: g.Cache.KVBits, KVGroupSize: g.Cache.KVGroupSize,
		QuantizedKVStart: g.Cache.QuantizedKVStart}
}

// executed counts what the library executes for the work.
func executed(t *testing.T, model *lm.Model, o lm.CacheOptions, w cost.Work) *mlx.Counter {
	session, err := model.NewSession(o)
	require.NoError(t, err)
	defer func() { require.NoError(t, session.Close()) }()
	prefill := func(tokens int) {
		if o.Rows > 1 {
			_, err = session.PrefillBatch(t.Context(), slices.Repeat([][]int32{make([]int32, tokens)}, o.Rows))
		} else {
			_, err = session.Prefill(t.Context(), make([]int32, tokens))
		}
		require.NoError(t, err)
	}
	if w.NDepth > 0 {
		prefill(w.NDepth)
	}
	counter := mlx.NewCounter()
	require.NoError(t, session.Watch(counter.Observe))
	if w.NPrompt > 0 {
		prefill(w.NPrompt)
	}
	if w.NGen > 0 {
		_, err = session.Decode(t.Context(), w.NGen)
		require.NoError(t, err)
	}
	require.NoError(t, counter.Err)
	return counter
}

// TestMLXPredictionEqualsLibrary holds predicted operations and weight bytes
// against what the library loads and executes: every family and weight type,
// short, past a window, past a growth of the cache, after a depth, and over
// more than one chunk of a prompt.
func TestMLXPredictionEqualsLibrary(t *testing.T) {
	lib := mlxtest.Library(t)
	if !lib.ShowsGraphs() {
		t.Skip("needs an mlx-c that shows graphs (newer than v0.6.0)")
	}
	walks := []cost.Work{
		{NPrompt: 5, NGen: 2}, {NPrompt: 1}, {NGen: 3, NDepth: 1}, {NPrompt: 40, NGen: 3, NDepth: 30}, {NPrompt: 252, NGen: 6},
	}
	compared := 0
	for name, g := range mlxGoldens(t) {
		t.Run(name, func(t *testing.T) {
			folder := g.folder(t)
			model, err := lm.Load(lib, folder)
			require.NoError(t, err)
			defer model.Close()
			facts, err := source.Load(t.Context(), folder, source.Options{})
			require.NoError(t, err)
			weights, err := cost.MLXWeightBytes(facts, "")
			if slices.Contains(unpredicted, name) {
				require.ErrorIs(t, err, cost.ErrNoRule)
				t.Skipf("not predicted: %v", err)
			}
			require.NoError(t, err)
			assert.Equal(t, model.WeightBytes, weights, "weight bytes")
			params := params("F32", g.options())
			if strings.HasSuffix(name, ".f32") {
				assertCaches(t, model, g.options(), facts)
			}
			for _, w := range append(walks, chunked[name]...) {
				predicted, err := cost.MLX(facts, params, w)
				require.NoError(t, err)
				counter := executed(t, model, g.options(), w)
				assert.Equal(t, counter.Total(), predicted.FLOPs(), "%+v", w)
				compared++
			}
		})
	}
	t.Logf("prediction equals MLX in %d passes", compared)
}

// TestMLXBatchesArePredicted holds the operations of three sequences at once against
// what the library executes, of every family that mlx-lm's batches are known of.
func TestMLXBatchesArePredicted(t *testing.T) {
	lib := mlxtest.Library(t)
	if !lib.ShowsGraphs() {
		t.Skip("needs an mlx-c that shows graphs (newer than v0.6.0)")
	}
	all := mlxGoldensIn(t, "../native/mlx/lm/testdata/batch/*.json")
	require.Len(t, all, 9)
	for name, g := range all {
		t.Run(name, func(t *testing.T) {
			folder := g.folder(t)
			model, err := lm.Load(lib, folder)
			require.NoError(t, err)
			defer model.Close()
			facts, err := source.Load(t.Context(), folder, source.Options{})
			require.NoError(t, err)
			p := params("F32", lm.CacheOptions{})
			p.NSeq = 3
			require.NoError(t, kv.MLXBatches(facts, p))
			for _, w := range []cost.Work{{NPrompt: 5, NGen: 2}, {NGen: 3, NDepth: 1}, {NPrompt: 40, NGen: 3, NDepth: 30}} {
				predicted, err := cost.MLX(facts, p, w)
				require.NoError(t, err)
				counter := executed(t, model, lm.CacheOptions{Rows: p.NSeq}, w)
				assert.Equal(t, counter.Total(), predicted.FLOPs(), "%+v", w)
			}
		})
	}
}

// assertCaches holds each layer's cache against the prediction after a prompt past
// a window and a chunk, and after tokens.
func assertCaches(t *testing.T, model *lm.Model, o lm.CacheOptions, facts arch.Facts) {
	session, err := model.NewSession(o)
	require.NoError(t, err)
	defer session.Close()
	predicted, err := kv.MLX(facts, params("F32", o))
	require.NoError(t, err)
	for _, tokens := range []int{40, 1, 1, 30} {
		_, err := session.Logits(make([]int32, tokens))
		require.NoError(t, err)
		predicted.Append(tokens)
	}
	measured, err := session.Layers()
	require.NoError(t, err)
	var want, got [][2]int64
	for _, l := range predicted.Plan().Layers {
		if l.Class != kv.Shared {
			want = append(want, [2]int64{int64(l.Layer), l.Bytes()})
		}
	}
	for _, l := range measured {
		got = append(got, [2]int64{int64(l.Layer), l.KeyBytes + l.ValueBytes})
	}
	assert.Equal(t, want, got, "layers and bytes of caches")
}

// unpredicted are packed in ways that the folder's headers and config do not tell
// together: as AutoAWQ and GPTQ pack, and in other groups than config.json names.
var unpredicted = []string{"llama.awq", "llama.gptq", "llama.unnamed"}

// chunked is a prompt of more than one chunk, of one model: it takes seconds.
var chunked = map[string][]cost.Work{
	"gemma3_text.f32": {{NPrompt: 2051, NGen: 2}},
}

// A prediction that is off by one token, layer or cell is seen.
func TestMLXPredictionDefectsAreSeen(t *testing.T) {
	lib := mlxtest.Library(t)
	if !lib.ShowsGraphs() {
		t.Skip("needs an mlx-c that shows graphs (newer than v0.6.0)")
	}
	g := mlxGoldens(t)["gemma3_text.f32"]
	folder := g.folder(t)
	model, err := lm.Load(lib, folder)
	require.NoError(t, err)
	defer model.Close()
	facts, err := source.Load(t.Context(), folder, source.Options{})
	require.NoError(t, err)
	work := cost.Work{NPrompt: 40, NGen: 3}
	want := executed(t, model, lm.CacheOptions{}, work).Total()
	says := func(f arch.Facts, w cost.Work) int64 {
		c, err := cost.MLX(f, kv.MLXParams{Type: "f32"}, w)
		require.NoError(t, err)
		return c.FLOPs()
	}
	assert.Equal(t, want, says(facts, work), "the clean control")
	assert.NotEqual(t, want, says(facts, cost.Work{NPrompt: 41, NGen: 2}), "the look-ahead counted twice")
	assert.NotEqual(t, want, says(facts, cost.Work{NPrompt: 40, NGen: 2}))
	assert.NotEqual(t, want, says(facts, cost.Work{NPrompt: 40, NGen: 3, NDepth: 1}))
	wide := facts
	wide.Layers = append([]arch.Layer{}, facts.Layers...)
	whole := *facts.Layers[0].Attention
	whole.Window = 0
	wide.Layers[0].Attention = &whole
	assert.NotEqual(t, want, says(wide, work), "a window that is ignored")
}

// TestMLXWeightBytesOfSkeletons: what is predicted of a preset is what its
// skeleton's headers hold, full size and of every type, with nothing on disk.
func TestMLXWeightBytesOfSkeletons(t *testing.T) {
	for _, preset := range []string{"gemma-2-9b", "gemma-3-12b", "gpt-oss-20b", "llama-3.1-8b", "mixtral-8x7b", "phi-3-mini-4k",
		"qwen2.5-14b", "qwen1.5-moe-a2.7b", "qwen3-8b", "qwen3-30b-a3b", "qwen3-next-80b-a3b", "qwen3.5-9b", "qwen3.5-35b-a3b"} {
		for _, typ := range []string{"", "f32", "4bit", "8bit-g32", "mxfp4", "mixed_2_6", "mixed_3_4"} {
			facts, err := source.Load(t.Context(), "preset:"+preset, source.Options{})
			require.NoError(t, err)
			folder, err := skeleton.SparseFolder(t.Context(), t.TempDir(), facts, typ)
			require.NoError(t, err)
			headers, err := safetensors.Open(folder)
			require.NoError(t, err)
			var want int64
			for _, tensor := range headers.Tensors {
				want += tensor.Bytes
			}
			require.NoError(t, headers.Close())
			got, err := cost.MLXWeightBytes(facts, typ)
			require.NoError(t, err)
			assert.Equal(t, want, got, "%s %q", preset, typ)
			// Read back from the folder, it is the same.
			stored, err := source.Load(t.Context(), folder, source.Options{})
			require.NoError(t, err)
			got, err = cost.MLXWeightBytes(stored, "")
			require.NoError(t, err)
			assert.Equal(t, want, got, "%s %q, from its folder", preset, typ)
		}
	}
	gemma, err := source.Load(t.Context(), "preset:gemma-3n-e4b", source.Options{})
	require.NoError(t, err)
	_, err = cost.MLXWeightBytes(gemma, "")
	assert.ErrorIs(t, err, cost.ErrNoRule)
}
