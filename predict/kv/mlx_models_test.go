package kv_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/kv"
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
	facts, err := arch.Load(t.Context(), path, arch.Options{})
	require.NoError(t, err)
	return facts
}

func readJSON(t *testing.T, path string, into any) {
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, into), path)
}

// TestMLXModelTypesAreMLXLMs: the types known here are those that mlx-lm loads.
func TestMLXModelTypesAreMLXLMs(t *testing.T) {
	var listing struct {
		Chooses  map[string]bool
		Remapped map[string]string
	}
	readJSON(t, "testdata/mlx/models.json", &listing)
	known := map[string]bool{}
	for _, name := range kv.MLXModelTypes() {
		known[name] = true
	}
	for name := range listing.Chooses {
		assert.True(t, known[name], "mlx-lm has %s", name)
		delete(known, name)
	}
	for name := range listing.Remapped {
		assert.True(t, known[name], "mlx-lm loads %s", name)
		delete(known, name)
	}
	assert.Equal(t, map[string]bool{"olmo": true}, known, "olmo is only listed where its maker's package is installed")
}
