package memory

import (
	"errors"
	"fmt"

	"assay/predict/arch"
	"assay/predict/cost"
	family "assay/predict/family/mlx"
	"assay/predict/kv"
)

// MLXRun is what MLX's peak on an Apple GPU depends on beside model and cache.
type MLXRun struct {
	// Calls are the tokens of each call of the model, as mlx-lm makes them.
	Calls []int
	// Release is MLX's; empty is the newest known.
	Release string
	// Buffer is how many elements are bound to a command buffer before it is closed;
	// 0 is that of a Max or Ultra.
	Buffer int64
}

// BufferOf is how many elements a command buffer binds, by the chip's name: 40 Mi of
// a base or Pro chip, 50 Mi of a Max or Ultra (get_command_buffer_limits,
// mlx/backend/metal/device.cpp, v0.31.2).
func BufferOf(chip string) int64 {
	if n := len(chip); n > 0 && (chip[n-1] == 'x' || chip[n-1] == 'a') || chip == "" {
		return 50 << 20
	}
	return 40 << 20
}

// buffersAhead are the command buffers whose inputs and results are held at most: ten
// that were handed in, and the open one (MAX_ACTIVE_TASKS, mlx/scheduler.h).
const buffersAhead = 11

// logitBytes is what a step takes for each token of the vocabulary: logits as they
// come, and as logarithms of probabilities in float32.
const logitBytes = 2 + 4

// MLX predicts the peak of MLX's allocator on an Apple GPU: weights, the cache, and
// the most that stands beside them in a call. In a prompt's chunk these are the
// operands of products that the GPU has not done with when the host is as far ahead
// as it may be, the caches that grow among them, and the scores of attention that
// no kernel fuses. It is an upper bound where the host is not that far ahead.
// (Read in v0.30.6 to v0.32.1: backend/metal/{allocator,device,eval}.cpp.)
func MLX(f arch.Facts, weightType string, p kv.MLXParams, run MLXRun) (Parts, error) {
	cache, err := kv.MLX(f, p)
	if err != nil {
		return Parts{}, fmt.Errorf("memory: %w", err)
	}
	weights, err := cost.MLXWeightBytes(f, weightType)
	if errors.Is(err, cost.ErrNoRule) {
		return Parts{Unknown: map[string]string{"weights": err.Error()}}, nil
	}
	if err != nil {
		return Parts{}, fmt.Errorf("memory: %w", err)
	}
	m := &mlxPeak{facts: f, params: p, run: run, weightType: weightType, weights: weights, operands: map[int]int64{}}
	if m.run.Buffer == 0 {
		m.run.Buffer = BufferOf("")
	}
	known, _ := family.Of(f) // it has a cache
	m.cache = known.Cache
	parts := Parts{Weights: &weights, KV: new(int64), Compute: new(int64), Output: new(int64), Repacked: new(int64), Process: new(int64)}
	for _, tokens := range run.Calls {
		before := cache.Plan().Bytes()
		cache.Append(tokens)
		beside, err := m.beside(tokens, before, cache)
		if errors.Is(err, cost.ErrNoRule) {
			parts.Compute, parts.Unknown = nil, map[string]string{"compute": err.Error()}
			beside, err = 0, nil
		}
		if err != nil {
			return Parts{}, fmt.Errorf("memory: %w", err)
		}
		bytes := cache.Plan().Bytes()
		switch {
		case parts.Compute == nil:
			parts.KV = new(max(bytes, *parts.KV))
		case bytes+beside > *parts.KV+*parts.Compute:
			parts.KV, parts.Compute = &bytes, &beside
		}
	}
	return parts, nil
}

// mlxPeak walks a model's calls.
type mlxPeak struct {
	facts      arch.Facts
	params     kv.MLXParams
	run        MLXRun
	cache      family.Cache
	weightType string
	weights    int64
	// operands are those of a chunk's products by its tokens, in bytes.
	operands map[int]int64
}

func (m *mlxPeak) elementBytes() int64 {
	if m.params.Type == "f32" {
		return 4
	}
	return 2
}

// beside is what a call takes beside weights and cache.
func (m *mlxPeak) beside(tokens int, before int64, cache *kv.MLXCache) (int64, error) {
	grown := int64(0)
	for _, t := range cache.Traffic() {
		grown += t.CopyBytes
	}
	if tokens == 1 {
		logits := logitBytes * m.facts.Vocab
		if grown > 0 { // one layer at a time: the others' old arrays are gone
			logits += before / int64(max(1, len(cache.Traffic())))
		}
		return logits, nil
	}
	operands, err := m.operandsOf(tokens)
	if err != nil {
		return 0, err
	}
	bound := operands/m.elementBytes() + m.weights/4 + cache.Plan().Bytes()/m.elementBytes()
	share := min(1, float64(buffersAhead*m.run.Buffer)/float64(bound))
	return int64(share*float64(operands+grown)) + m.composed(int64(tokens), cache), nil
}

// operandsOf are those of a chunk's products: what a prompt of one token more has,
// less the last token.
func (m *mlxPeak) operandsOf(tokens int) (int64, error) {
	if known, ok := m.operands[tokens]; ok {
		return known, nil
	}
	whole, err := cost.MLX(m.facts, m.params, cost.Work{Weights: m.weightType, NPrompt: tokens + 1})
	if err != nil {
		return 0, err
	}
	last, err := cost.MLX(m.facts, m.params, cost.Work{Weights: m.weightType, NGen: 1, NDepth: tokens})
	if err != nil {
		return 0, err
	}
	m.operands[tokens] = whole.ActivationBytes - last.ActivationBytes
	return m.operands[tokens], nil
}

// composed is what attention keeps that no kernel fuses: the scores of a layer, and
// of the next one where that is composed too, which is begun before the first is
// done with.
func (m *mlxPeak) composed(tokens int64, cache *kv.MLXCache) (most int64) {
	lastLayer, last := -2, int64(0)
	for _, t := range cache.Traffic() {
		if t.Class == kv.Recurrent {
			continue
		}
		scores := m.scores(tokens, t)
		if t.Layer != lastLayer+1 {
			last = 0
		}
		most = max(most, scores+last)
		lastLayer, last = t.Layer, scores
	}
	return most
}

// scores are a head's score of each query for each key, in the type of the weights;
// 0 where attention is fused. Over a latent, positions are scored apart, and keys and
// values of all heads are made of the latent.
func (m *mlxPeak) scores(tokens int64, t kv.MLXTraffic) int64 {
	a := m.facts.Layers[t.Layer].Attention
	scores := a.Heads * tokens * t.Cells * m.elementBytes()
	switch {
	case a.MLA != nil && m.cache.Latent:
		return scores + a.Heads*t.Cells*(a.MLA.NopeDim+a.MLA.ValueDim)*m.elementBytes()
	case m.params.KVBits > 0 || m.cache.Composes:
		return scores
	}
	call := cost.MLXAttention{KeyDim: a.KeyDim, ValueDim: a.ValueDim, Queries: tokens, Keys: t.Cells,
		Sharing: a.Heads / max(1, a.KVHeads), Causal: true}
	if cost.MLXFuses(call, m.run.Release) {
		return 0
	}
	return scores
}
