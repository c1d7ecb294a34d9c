package kv_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/kv"
	"assay/predict/source"
)

// mlxGolden is what a model of mlx-lm allocated (scripts/mlx-cache-goldens).
type mlxGolden struct {
	Type   string          `json:"type"`
	Config json.RawMessage `json:"config"`
	Walks  []mlxWalk       `json:"walks"`
}

// mlxWalk is one sequence of calls.
type mlxWalk struct {
	Batch            int      `json:"batch"`
	MaxKVSize        int      `json:"max_kv_size"`
	KVBits           int      `json:"kv_bits"`
	KVGroupSize      int      `json:"kv_group_size"`
	QuantizedKVStart int      `json:"quantized_kv_start"`
	Calls            []int    `json:"calls"`
	Caches           []string `json:"caches"`
	// Bytes are, after each call, those of the arrays of each cache; null is
	// as before.
	Bytes [][][]int64 `json:"bytes"`
	Error string      `json:"error"`
}

func (w mlxWalk) params(dtype string) kv.MLXParams {
	return kv.MLXParams{Type: dtype, NSeq: w.Batch, MaxKVSize: w.MaxKVSize,
		KVBits: w.KVBits, KVGroupSize: w.KVGroupSize, QuantizedKVStart: w.QuantizedKVStart}
}

// mlxClasses are the classes of layer that mlx-lm keeps in each of its caches.
var mlxClasses = map[string][]kv.Class{
	"KVCache":         {kv.Full, kv.MLA},
	"RotatingKVCache": {kv.Sliding},
	"ChunkedKVCache":  {kv.Chunked},
	"ArraysCache":     {kv.Recurrent},
}

// TestMLXModels walks the cache of every model type and compares the bytes of
// each layer with those of mlx-lm's own model after every call, and refuses
// what mlx-lm fails on.
func TestMLXModels(t *testing.T) {
	goldens, err := filepath.Glob("testdata/mlx/*.json")
	require.NoError(t, err)
	for _, path := range goldens {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		if name == "models" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			var golden mlxGolden
			readJSON(t, path, &golden)
			facts := mlxFacts(t, golden.Config)
			require.NotEmpty(t, golden.Walks)
			for _, walk := range golden.Walks {
				walk.check(t, facts, golden.Type)
			}
		})
	}
}

func (w mlxWalk) check(t *testing.T, facts arch.Facts, dtype string) {
	p := w.params(dtype)
	cache, err := kv.MLX(facts, p)
	if w.Error != "" {
		require.Error(t, err, "mlx-lm fails under %+v: %s", p, w.Error)
		return
	}
	require.NoError(t, err, "%+v", p)
	var measured [][]int64
	for i, tokens := range w.Calls {
		if w.Bytes[i] != nil {
			measured = w.Bytes[i]
		}
		cache.Append(tokens)
		layers := owners(cache.Plan().Layers)
		require.Len(t, layers, len(measured), "%+v", p)
		for j, layer := range layers {
			require.Contains(t, mlxClasses[w.Caches[j]], layer.Class, "cache %d", j)
			require.Equal(t, measured[j], arraysOf(layer, len(measured[j])), "%+v, call %d, layer %d", p, i, layer.Layer)
		}
	}
}

// owners are the rows that have a cache of their own.
func owners(rows []kv.Layer) (out []kv.Layer) {
	for _, row := range rows {
		if row.Class != kv.Shared {
			out = append(out, row)
		}
	}
	return out
}

// arraysOf are the bytes of a row as mlx-lm has them: keys and values, or a
// convolution alone (lfm2).
func arraysOf(row kv.Layer, arrays int) []int64 {
	if arrays == 1 && row.VBytes == 0 {
		return []int64{row.KBytes}
	}
	return []int64{row.KBytes, row.VBytes}
}

func mlxFacts(t *testing.T, config json.RawMessage) arch.Facts {
	path := filepath.Join(t.TempDir(), "config.json")
	require.NoError(t, os.WriteFile(path, config, 0o600))
	facts, err := source.Load(t.Context(), path, source.Options{})
	require.NoError(t, err)
	return facts
}

func readJSON(t *testing.T, path string, into any) {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, into), path)
}

// mlxReadOnly are the types whose rule was read off mlx-lm's source, as their
// models were not run: they need Metal, another package, or keys that no reader
// of config.json here knows.
var mlxReadOnly = []string{"bitnet", "dbrx", "minicpm3", "olmo", "phi3small", "phimoe", "phixtral", "gptj", "mistral4",
	"talkie", "nemotron-nas"}

// TestMLXModelTypesAreMLXLMs: the types known here are those that mlx-lm loads,
// a golden holds each that has a rule, and --max-kv-size reaches those without a
// make_cache.
func TestMLXModelTypesAreMLXLMs(t *testing.T) {
	var listing struct {
		Chooses  map[string]bool
		Remapped map[string]string
	}
	readJSON(t, "testdata/mlx/models.json", &listing)
	listing.Chooses["olmo"] = false // not listed without its maker's package
	names := slices.Concat(slices.Collect(maps.Keys(listing.Chooses)), slices.Collect(maps.Keys(listing.Remapped)))
	assert.ElementsMatch(t, names, kv.MLXModelTypes())

	var unheld []string
	for name, chooses := range listing.Chooses {
		facts := mlxModel(name)
		if _, err := kv.MLX(facts, kv.MLXParams{}); err != nil {
			assert.ErrorContains(t, err, "of model type "+name+" the facts do not tell")
			continue
		}
		assert.Equal(t, !chooses, kv.MLXBounds(facts), name)
		if _, err := os.Stat("testdata/mlx/" + name + ".json"); err != nil {
			unheld = append(unheld, name)
		}
	}
	assert.ElementsMatch(t, mlxReadOnly, unheld)
}
