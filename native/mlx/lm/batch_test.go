package lm_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/mlx/lm"
)

// batchGolden is what scripts/mlx-goldens --batches writes: what mlx-lm's
// BatchGenerator made of prompts of several lengths, and what its batch caches give on
// the walk of single sequences.
type batchGolden struct {
	Model    string
	Config   json.RawMessage
	Tensors  []tensor
	Lengths  []int
	Prompted piece
	Steps    []struct {
		piece
		Tokens   []int32
		Logprobs []float32
	}
	Walk []piece
}

func batchGoldens(t *testing.T) map[string]batchGolden {
	files, err := filepath.Glob("testdata/batch/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	all := map[string]batchGolden{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var g batchGolden
		require.NoError(t, json.Unmarshal(text, &g))
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = g
	}
	return all
}

// cut are the tokens of each sequence, one after the other.
func cut(lengths []int) [][]int32 {
	sum := 0
	for _, n := range lengths {
		sum += n
	}
	drawn, rows := randomTokens(sum, vocab), make([][]int32, len(lengths))
	for i, n := range lengths {
		rows[i], drawn = drawn[:n], drawn[n:]
	}
	return rows
}

// TestBatchesAreMLXLMs generates from prompts of several lengths, past windows and past
// a growth of the caches: the same tokens of every row, the same caches after every
// step, and probabilities within 1e-5 of the largest logarithm.
func TestBatchesAreMLXLMs(t *testing.T) {
	for name, g := range batchGoldens(t) {
		t.Run(name, func(t *testing.T) {
			model := load(t, golden{Config: g.Config, Tensors: g.Tensors})
			session := newSession(t, model, lm.CacheOptions{Rows: len(g.Lengths)})
			prompts := cut(g.Lengths)
			_, err := session.PrefillBatch(t.Context(), prompts)
			require.NoError(t, err)
			worst, compared := 0.0, 0
			for i, step := range g.Steps {
				assertCache(t, session, step.piece)
				if step.Logprobs != nil {
					got, err := session.LogProbs()
					require.NoError(t, err)
					worst = max(worst, distance(got, step.Logprobs))
					compared++
				}
				_, err := session.Decode(t.Context(), 1)
				require.NoError(t, err)
				for row, tokens := range session.GeneratedBatch() {
					if i+1 < len(g.Steps) {
						require.Equal(t, g.Steps[i+1].Tokens[row], tokens[i], "step %d, row %d", i, row)
					}
				}
			}
			assert.Positive(t, compared)
			assert.LessOrEqual(t, worst, 1e-5)
			t.Logf("largest relative distance %.2g", worst)
		})
	}
}

// TestBatchedLogitsAreMLXLMs walks as many sequences of one length through prompts
// and single tokens.
func TestBatchedLogitsAreMLXLMs(t *testing.T) {
	for name, g := range batchGoldens(t) {
		t.Run(name, func(t *testing.T) {
			rows := len(g.Lengths)
			session := newSession(t, load(t, golden{Config: g.Config, Tensors: g.Tensors}), lm.CacheOptions{Rows: rows})
			total := 0
			for _, piece := range g.Walk {
				total += piece.Tokens
			}
			lengths := make([]int, rows)
			for i := range lengths {
				lengths[i] = total
			}
			drawn, worst, compared := cut(lengths), 0.0, 0
			for _, piece := range g.Walk {
				var tokens []int32
				for row := range drawn {
					tokens = append(tokens, drawn[row][:piece.Tokens]...)
					drawn[row] = drawn[row][piece.Tokens:]
				}
				logits, err := session.Logits(tokens)
				require.NoError(t, err)
				if piece.Logits != nil {
					worst = max(worst, distance(logits, piece.Logits))
					compared++
				}
				assertCache(t, session, piece)
			}
			assert.Positive(t, compared)
			assert.LessOrEqual(t, worst, 1e-5)
			t.Logf("largest relative distance %.2g", worst)
		})
	}
}

func TestBatchesRefuse(t *testing.T) {
	all := batchGoldens(t)
	llama := all["llama"]
	model := load(t, golden{Config: llama.Config, Tensors: llama.Tensors})
	_, err := model.NewSession(lm.CacheOptions{Rows: 2, KVBits: 8, KVGroupSize: 32})
	require.ErrorIs(t, err, lm.ErrUnquantisable)
	session := newSession(t, model, lm.CacheOptions{Rows: 2})
	for want, prompts := range map[string][][]int32{
		"1 prompts for a session of 2":   {{1}},
		"prompt 1: token 64":             {{1}, {vocab}},
		"a prompt of one token":          {{1}, {1, 2}},
		"prompts of 3 to 2051 tokens":    {randomTokens(3, vocab), randomTokens(2051, vocab)},
		"prompt 0: there are no tokens ": {{}, {1}},
	} {
		_, err := session.PrefillBatch(t.Context(), prompts)
		require.ErrorContains(t, err, want)
	}
	_, err = session.Prefill(t.Context(), []int32{1, 2})
	require.ErrorContains(t, err, "each needs a prompt")
	_, err = load(t, readGolden(t, "testdata/gemma2.f32.json")).NewSession(lm.CacheOptions{Rows: 2})
	require.ErrorContains(t, err, "several sequences")
}
