package lm_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/mlx/lm"
	"assay/native/mlx/mlxtest"
)

// golden is what scripts/mlx-goldens writes: mlx-lm's logits on a folder that
// weights.go in this package makes again.
type golden struct {
	Model, Scheme string
	Config        json.RawMessage
	Cache         struct {
		MaxKVSize        int `json:"max_kv_size"`
		KVBits           int `json:"kv_bits"`
		KVGroupSize      int `json:"kv_group_size"`
		QuantizedKVStart int `json:"quantized_kv_start"`
	}
	Tensors   []tensor
	Walk      []piece
	Prompt    int
	Generated []int32
}

// piece is one call of the model with some tokens.
type piece struct {
	Tokens int
	Slots  []int
	Bytes  []int64
	Argmax *int
	Logits []float32
}

func (g golden) options() lm.CacheOptions {
	return lm.CacheOptions{
		MaxKVSize: g.Cache.MaxKVSize, KVBits: g.Cache.KVBits,
		KVGroupSize: g.Cache.KVGroupSize, QuantizedKVStart: g.Cache.QuantizedKVStart,
	}
}

func goldens(t *testing.T) map[string]golden {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string]golden{}
	for _, file := range files {
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = readGolden(t, file)
	}
	return all
}

func readGolden(t testing.TB, file string) golden {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(text, &g))
	return g
}

// load makes a golden's folder and loads it.
func load(t testing.TB, g golden) *lm.Model {
	model, err := lm.Load(mlxtest.Library(t), writeFolder(t, g.Config, g.Tensors))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, model.Close()) })
	return model
}

func newSession(t testing.TB, model *lm.Model, options lm.CacheOptions) *lm.Session {
	session, err := model.NewSession(options)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, session.Close()) })
	return session
}

// TestLogitsAreMLXLMs walks each model through prompts and single tokens, past
// its window and past a growth of its cache: logits within 1e-5 of the
// largest, the same best token, and the same cache. Between them,
// families have weights packed in every way that there is.
func TestLogitsAreMLXLMs(t *testing.T) {
	for name, g := range goldens(t) {
		t.Run(name, func(t *testing.T) {
			session := newSession(t, load(t, g), g.options())
			total := 0
			for _, piece := range g.Walk {
				total += piece.Tokens
			}
			tokens, worst, judged, compared := randomTokens(total, vocab), 0.0, 0, 0
			for i, piece := range g.Walk {
				logits, err := session.Logits(tokens[:piece.Tokens])
				require.NoError(t, err)
				tokens = tokens[piece.Tokens:]
				if piece.Argmax != nil {
					judged++
					assert.Equal(t, *piece.Argmax, argmax(logits), "piece %d", i)
				}
				if piece.Logits != nil {
					compared++
					worst = max(worst, distance(logits, piece.Logits))
				}
				assertCache(t, session, piece)
			}
			assert.Greater(t, judged, 10)
			assert.GreaterOrEqual(t, compared, 3)
			assert.LessOrEqual(t, worst, 1e-5)
			t.Logf("largest relative distance %.2g", worst)
		})
	}
}

func assertCache(t *testing.T, session *lm.Session, want piece) {
	layers, err := session.Layers()
	require.NoError(t, err)
	for i, layer := range layers {
		assert.Equal(t, want.Slots[i], layer.Slots, "layer %d", i)
		assert.Equal(t, want.Bytes[i], layer.KeyBytes+layer.ValueBytes, "layer %d", i)
	}
}

// TestGeneratedTokensAreMLXLMs compares the schedule of prompt and look-ahead.
func TestGeneratedTokensAreMLXLMs(t *testing.T) {
	for name, g := range goldens(t) {
		t.Run(name, func(t *testing.T) {
			session := newSession(t, load(t, g), g.options())
			_, err := session.Prefill(t.Context(), randomTokens(g.Prompt, vocab))
			require.NoError(t, err)
			// mlx-lm's first token comes from the prompt: it is what the first
			// step starts from.
			_, err = session.Decode(t.Context(), 10)
			require.NoError(t, err)
			_, err = session.Decode(t.Context(), len(g.Generated)-11)
			require.NoError(t, err)
			assert.Equal(t, g.Generated[1:], session.Generated())
			assert.Equal(t, g.Prompt+len(g.Generated)-1, session.Tokens())
		})
	}
}

func argmax(logits []float32) int {
	return slices.Index(logits, slices.Max(logits))
}

// distance is the largest difference over the largest value.
func distance(got, want []float32) float64 {
	largest, difference := 0.0, 0.0
	for i := range want {
		largest = max(largest, math.Abs(float64(want[i])))
		difference = max(difference, math.Abs(float64(got[i])-float64(want[i])))
	}
	if math.IsNaN(difference) {
		return math.Inf(1)
	}
	return difference / largest
}

func TestDistanceSeesAPlantedDefect(t *testing.T) {
	logits := []float32{1, -4, 2}
	assert.Zero(t, distance(logits, logits))
	assert.InDelta(t, 0.25, distance([]float32{1, -4, 3}, logits), 1e-9)
	assert.True(t, math.IsInf(distance([]float32{float32(math.NaN()), -4, 2}, logits), 1))
}
