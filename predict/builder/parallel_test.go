package builder_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/builder"
	family "assay/predict/family/llamacpp"
	"assay/predict/source"
)

// layerOf finds the model's first layer of a class.
func layerOf(t *testing.T, m builder.Model, class string) builder.LayerType {
	t.Helper()
	for _, l := range slices.Concat(m.Layers, m.Drafts) {
		if l.Class.Name == class {
			return l
		}
	}
	require.Fail(t, "no "+class)
	return builder.LayerType{}
}

// TestSplit holds shares and traffic against figures worked out by hand, for
// one token in f16.
func TestSplit(t *testing.T) {
	for _, c := range []struct {
		model, class                           string
		by                                     builder.Parallel
		params, kv, reduce, gather, everywhere int64
	}{
		// 4096 × (4096 + 2 × 1024 + 4096) ÷ 8; one of 8 KV heads: 2 × 128 × 2 bytes;
		// a ring of 8: 2 × 7 × 4096 × 2 bytes.
		{"llama-3.1-8b", "GroupedQueryAttentionLayer", builder.Parallel{Tensor: 8}, 4096 * 10240 / 8, 512, 114688, 0, 0},
		{"llama-3.1-8b", "GatedMLPLayer", builder.Parallel{Tensor: 2}, 3 * 4096 * 14336 / 2, 0, 16384, 0, 0},
		// The rows of the vocabulary, and the logits of three others.
		{"llama-3.1-8b", "TokenEmbeddingLayer", builder.Parallel{Tensor: 4}, 128256 * 4096 / 4, 0, 49152, 0, 0},
		{"llama-3.1-8b", "OutputHeadLayer", builder.Parallel{Tensor: 4}, 128256 * 4096 / 4, 0, 0, 3 * 128256 * 2, 0},
		{"llama-3.1-8b", "RMSNormLayer", builder.Parallel{Tensor: 4, Expert: 2}, 4096, 0, 0, 0, 0},
		// Two of eight experts each; to 2 experts and back, 3/4 of them elsewhere.
		{"mixtral-8x7b", "RoutedExpertsLayer", builder.Parallel{Expert: 4}, 2 * 3 * 4096 * 14336, 0, 0, 0, 2 * 2 * 4096 * 2 * 3 / 4},
		{"mixtral-8x7b", "RoutedExpertsLayer", builder.Parallel{Tensor: 2, Expert: 4}, 3 * 4096 * 14336, 0, 2 * 2 * 4096 * 2, 0, 24576},
		// The latent is whole on every device: 512 + 64 elements.
		{"deepseek-v2-lite", "MLAAttentionLayer", builder.Parallel{Tensor: 16}, 2048*3072/16 + 2048*576 + 512 + 16*128*512*2/16 +
			2048*2048/16, 1152, 122880, 0, 0},
	} {
		m := build(t, load(t, c.model), builder.Options{})
		s := layerOf(t, m, c.class).Split(builder.OneToken(), c.by)
		assert.Equal(t, c.params, s.Params, c.class)
		assert.Equal(t, c.kv, s.KVBytes, c.class)
		assert.Equal(t, c.reduce, s.AllReduceBytes, c.class)
		assert.Equal(t, c.gather, s.AllGatherBytes, c.class)
		assert.Equal(t, c.everywhere, s.AllToAllBytes, c.class)
		assert.Empty(t, s.Uneven, c.class)
	}
	smol := build(t, load(t, "smollm2-135m"), builder.Options{})
	s := layerOf(t, smol, "GroupedQueryAttentionLayer").Split(builder.OneToken(), builder.Parallel{Tensor: 2})
	assert.Equal(t, []string{"num_heads", "num_kv_heads"}, s.Uneven, "9 and 3 heads over 2 devices")
	assert.Equal(t, int64(2*2*64*2), s.KVBytes, "the busier device has 2 of 3 KV heads")
}

// TestOneDeviceHasAll is the law that one device holds everything and sends
// nothing, for every layer of every preset.
func TestOneDeviceHasAll(t *testing.T) {
	for _, name := range source.Presets() {
		for _, l := range build(t, load(t, name), builder.Options{}).Layers {
			all := l.Cost(builder.OneToken())
			assert.Equal(t, builder.Share{Params: all.Params, WeightBytes: all.WeightBytes, KVBytes: all.KVBytes},
				l.Split(builder.OneToken(), builder.Parallel{}), "%s of %s", l.Class.Name, name)
		}
	}
}

// TestWindowsBound: a window's cache and work stop growing, and a state has one
// size; attention without one goes on.
func TestWindowsBound(t *testing.T) {
	at := func(depth int64) builder.Work {
		return builder.Work{Tokens: 1, Depth: depth, Outputs: 1, CacheBytes: 2, ActivationBytes: 2}
	}
	gemma := build(t, load(t, "gemma-3-12b"), builder.Options{})
	window, full := layerOf(t, gemma, "WindowedAttentionLayer"), layerOf(t, gemma, "GroupedQueryAttentionLayer")
	assert.Equal(t, int64(1024*8*512*2), window.Cost(at(1023)).KVBytes)
	assert.Equal(t, window.Cost(at(1023)), window.Cost(at(9000)))
	assert.Equal(t, int64(9001*8*512*2), full.Cost(at(9000)).KVBytes)
	assert.Equal(t, int64(2*16*512*9001), full.Cost(at(9000)).MixingFLOPs)

	chunked := layerOf(t, build(t, load(t, "llama-4-scout"), builder.Options{}), "WindowedAttentionLayer")
	assert.Equal(t, chunked.Cost(at(0)).MixingFLOPs, chunked.Cost(at(8192)).MixingFLOPs, "a chunk begins anew")
	mamba := layerOf(t, build(t, load(t, "mamba-codestral-7b"), builder.Options{}), "Mamba2Layer")
	assert.Equal(t, mamba.Cost(at(0)), mamba.Cost(at(9000)))
}

// TestOddShapes: scalars and empty tensors are counted, and nothing panics.
func TestOddShapes(t *testing.T) {
	w := model(both(both(grouped, gated), table{"odd.gain": {}, "odd.none": {0, 64}, "mlp.down_proj.bias": {}}))
	m := build(t, w.folder(t, llama), builder.Options{})
	require.Len(t, m.Gaps, 1)
	assert.Equal(t, int64(2), m.Gaps[0].Params())
	_, err := m.Files()
	assert.NoError(t, err)
}

// TestEveryClassHasAModel: each class takes a layer of some preset, as often as
// the model has it; the rotary table, which no config has, is in TestRotaryTable.
func TestEveryClassHasAModel(t *testing.T) {
	models := map[string]struct {
		model string
		count int64
	}{
		"TokenEmbeddingLayer":        {"llama-3.2-1b", 1},
		"MultiHeadAttentionLayer":    {"olmo-2-7b", 32},
		"MultiQueryAttentionLayer":   {"gemma-2b", 18},
		"GroupedQueryAttentionLayer": {"gemma-3-12b", 8},
		"WindowedAttentionLayer":     {"gemma-3-12b", 40},
		"MLAAttentionLayer":          {"deepseek-v3", 61},
		"Mamba2Layer":                {"falcon-h1-7b", 44},
		"GatedDeltaNetLayer":         {"qwen3-next-80b-a3b", 36},
		"ShortConvolutionLayer":      {"lfm2-1.2b", 10},
		"GatedMLPLayer":              {"deepseek-v3", 3},
		"MLPLayer":                   {"nemotron-h-8b", 24},
		"MoERouterLayer":             {"deepseek-v3", 58},
		"RoutedExpertsLayer":         {"mixtral-8x7b", 32},
		"SharedExpertsLayer":         {"qwen1.5-moe-a2.7b", 24},
		"OutputHeadLayer":            {"llama-3.2-1b", 1},
		"LayerNormLayer":             {"command-r7b", 32},
		"RMSNormLayer":               {"llama-3.2-1b", 32},
		"AlternatingUpdatesLayer":    {"gemma-3n-e4b", 35},
		"LowRankResidualLayer":       {"gemma-3n-e4b", 35},
		"PerLayerInputLayer":         {"gemma-3n-e4b", 35},
		"PerLayerEmbeddingLayer":     {"gemma-3n-e4b", 1},
		"DraftInputLayer":            {"deepseek-v3", 1},
		"StateProjectionLayer":       {"gemma-3n-e4b", 1},
		"OutputScaleLayer":           {"gemma-4-31b", 60},
	}
	for _, c := range builder.Classes() {
		want, ok := models[c.Name]
		if !ok {
			assert.Equal(t, "RotaryTableLayer", c.Name)
			continue
		}
		assert.Equal(t, want.count, layerOf(t, build(t, load(t, want.model), builder.Options{}), c.Name).Count(), c.Name)
	}
}

// TestRotaryTable: stored frequencies are a layer of their own, and no
// parameters of the layout that llama.cpp's converter writes.
func TestRotaryTable(t *testing.T) {
	w := model(both(both(grouped, gated), table{"self_attn.rotary_emb.inv_freq": {16}}))
	m := build(t, w.folder(t, llama), builder.Options{})
	assert.Empty(t, m.Discrepancies())
	assert.Empty(t, m.Gaps)
	l := layerOf(t, m, "RotaryTableLayer")
	assert.Equal(t, int64(2), l.Count())
	assert.Equal(t, builder.Cost{Params: 16, Active: 16, WeightBytes: 32}, l.Cost(builder.OneToken()))
	assert.Zero(t, l.Split(builder.OneToken(), builder.Parallel{Tensor: 4}).AllReduceBytes)

	f := load(t, "llama-3.2-1b")
	tensors, err := family.Tensors(f, family.TypePlan{})
	require.NoError(t, err)
	f.Tensors = append(tensors, arch.Tensor{Name: "rope_freqs.weight", Type: "f32", Shape: []int64{32}})
	m = build(t, f, builder.Options{})
	assert.Empty(t, m.Discrepancies())
	assert.Equal(t, int64(1), layerOf(t, m, "RotaryTableLayer").Count())
}
