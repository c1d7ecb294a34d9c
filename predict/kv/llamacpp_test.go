package kv_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/kv"
)

const mib = 1 << 20

// model is a shape with equal attention in every layer.
func model(family string, layers int, kvHeads, dim int64) arch.Facts {
	f := arch.Facts{Name: family, Family: family, Hidden: 4096, Vocab: 32000, ContextLength: 131072}
	for range layers {
		f.Layers = append(f.Layers, arch.Layer{
			Attention:   &arch.Attention{Heads: 32, KVHeads: kvHeads, KeyDim: dim, ValueDim: dim},
			FeedForward: &arch.FeedForward{Intermediate: 14336, Gated: true},
		})
	}
	return f
}

// windowed gives all layers but every n-th a window.
func windowed(f arch.Facts, window int64, every int) arch.Facts {
	for i := range f.Layers {
		if (i+1)%every != 0 {
			f.Layers[i].Attention.Window = window
		}
	}
	return f
}

func llama8B() arch.Facts   { return model("llama", 32, 8, 128) }
func gemma12B() arch.Facts  { return windowed(model("gemma3", 48, 8, 256), 1024, 6) }
func qwen14B() arch.Facts   { return model("qwen2", 48, 8, 128) }
func qwenMoE() arch.Facts   { return model("qwen2moe", 24, 16, 128) }
func deepseek() arch.Facts  { return mla(model("deepseek2", 27, 16, 192)) }
func mistral7B() arch.Facts { return windowed(model("llama", 32, 8, 128), 4096, 100) }

func mla(f arch.Facts) arch.Facts {
	for i := range f.Layers {
		f.Layers[i].Attention.ValueDim = 128
		f.Layers[i].Attention.MLA = &arch.MLA{KVLoraRank: 512, RopeDim: 64, NopeDim: 128, ValueDim: 128}
	}
	return f
}

func plan(t *testing.T, f arch.Facts, p kv.Params) kv.Plan {
	t.Helper()
	got, err := kv.LlamaCpp(f, p)
	require.NoError(t, err)
	return got
}

// Measured on v0.5.0 from the cache tensors (n_ubatch 512).
func TestLlamaCppMeasured(t *testing.T) {
	tests := []struct {
		name  string
		facts arch.Facts
		p     kv.Params
		want  int64
	}{
		{"gemma at its window", gemma12B(), kv.Params{NCtx: 1024, FlashAttn: true}, 384 * mib},
		{"gemma, full window cache", gemma12B(), kv.Params{NCtx: 4096, FlashAttn: true, SWAFull: true}, 1536 * mib},
		{"gemma", gemma12B(), kv.Params{NCtx: 4096, FlashAttn: true}, 736 * mib},
		{"gemma, odd context", gemma12B(), kv.Params{NCtx: 5000, FlashAttn: true}, 800 * mib},
		{"llama", llama8B(), kv.Params{NCtx: 4096, FlashAttn: true}, 512 * mib},
		{"llama, odd context", llama8B(), kv.Params{NCtx: 5000, FlashAttn: true}, 640 * mib},
		{"llama, q8_0", llama8B(), kv.Params{NCtx: 4096, FlashAttn: true, TypeK: "q8_0", TypeV: "q8_0"}, 272 * mib},
		{"llama's own window is not used", mistral7B(), kv.Params{NCtx: 8192, FlashAttn: true}, 1024 * mib},
		{"an encoder has none", model("bert", 2, 8, 64), kv.Params{NCtx: 4096, FlashAttn: true}, 0},
		{"one compressed row", deepseek(), kv.Params{NCtx: 1024, FlashAttn: true}, 27 * 1024 * 576 * 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, plan(t, tt.facts, tt.p).Bytes())
		})
	}
}

func TestGemmaLayers(t *testing.T) {
	for _, l := range plan(t, gemma12B(), kv.Params{NCtx: 4096, FlashAttn: true}).Layers {
		want := kv.Layer{Layer: l.Layer, Class: kv.Sliding, Cells: 1536, KBytes: 6 * mib, VBytes: 6 * mib,
			KRowBytes: 4096, VRowBytes: 4096}
		if l.Layer%6 == 5 {
			want.Class, want.Cells, want.KBytes, want.VBytes = kv.Full, 4096, 16*mib, 16*mib
		}
		assert.Equal(t, want, l)
	}
}

func TestSequences(t *testing.T) {
	tests := []struct {
		name                      string
		seqs                      int
		unified                   bool
		context, sequence, window int64
	}{
		{"one", 1, false, 5120, 5120, 1536},
		{"two apart", 2, false, 5120, 2560, 2 * 1536},
		{"four apart: each share rounds up", 4, false, 5120, 1280, 4 * 1280},
		{"three apart", 3, false, 5376, 1792, 3 * 1536},
		{"two together", 2, true, 5120, 5120, 2560},
		{"four together", 4, true, 5120, 5120, 4608},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := plan(t, gemma12B(), kv.Params{NCtx: 5000, NSeq: tt.seqs, KVUnified: tt.unified, FlashAttn: true})
			assert.Equal(t, tt.context, p.ContextCells)
			assert.Equal(t, tt.sequence, p.SequenceCells)
			assert.Equal(t, tt.window, p.Layers[0].Cells, "windowed layer")
			assert.Equal(t, tt.context, p.Layers[5].Cells, "full layer")
		})
	}
}

func TestReleases(t *testing.T) {
	tests := []struct {
		release string
		facts   arch.Facts
		p       kv.Params
		want    int64
	}{
		{"b6673", llama8B(), kv.Params{NCtx: 5000}, 32 * 5024 * 4096},
		{"b6673", llama8B(), kv.Params{NCtx: 5000, FlashAttn: true}, 32 * 5120 * 4096},
		{"b8121", llama8B(), kv.Params{NCtx: 5000}, 32 * 5120 * 4096},
		{"b7000", llama8B(), kv.Params{NCtx: 5000}, 32 * 5024 * 4096},
		{"0.0.7000", llama8B(), kv.Params{NCtx: 5000}, 32 * 5024 * 4096},
		{"b1", llama8B(), kv.Params{NCtx: 5000}, 32 * 5024 * 4096},
		{"0.5.0-dev", llama8B(), kv.Params{NCtx: 5000}, 32 * 5120 * 4096},
		{"b8390", llama8B(), kv.Params{NCtx: 5000}, 32 * 5120 * 4096},
		{"b10361", llama8B(), kv.Params{NCtx: 5000}, 32 * 5120 * 4096},
		{"v0.4.0", llama8B(), kv.Params{NCtx: 5000}, 32 * 5120 * 4096},
		{"v0.5.0", llama8B(), kv.Params{NCtx: 5000}, 32 * 5120 * 4096},
		{"v0.7.0", llama8B(), kv.Params{NCtx: 5000}, 32 * 5120 * 4096},
		{"v0.7.0", llama8B(), kv.Params{NCtx: 5000, FlashAttn: true}, 32 * 5120 * 4096},
		{"b6673", deepseek(), kv.Params{NCtx: 1024, FlashAttn: true}, 27 * 1024 * (576 + 512) * 2},
		{"b8121", deepseek(), kv.Params{NCtx: 1024, FlashAttn: true}, 27 * 1024 * 576 * 2},
	}
	for _, tt := range tests {
		tt.p.Release = tt.release
		assert.Equal(t, tt.want, plan(t, tt.facts, tt.p).Bytes(), tt.release)
	}
}

func TestOlder(t *testing.T) {
	order := append([]string{"b1", "0.0.5000"}, kv.Releases()...)
	order = append(order, "v0.7.1", "v0.8.0", "b14000", "v1.0.0")
	for i, release := range order {
		for j, other := range order {
			assert.Equal(t, i < j, kv.Older(release, other), "%s before %s", release, other)
		}
	}
	assert.True(t, kv.Older("", "v0.5.1"), "the pinned one")
	assert.False(t, kv.Older("latest", "v0.5.1"))
}

// Laws that hold whatever the figures are.
func TestLaws(t *testing.T) {
	for _, f := range []arch.Facts{llama8B(), gemma12B(), qwen14B(), qwenMoE(), deepseek()} {
		last := int64(0)
		for ctx := 1; ctx < 20000; ctx += 777 {
			p := plan(t, f, kv.Params{NCtx: ctx, FlashAttn: true})
			assert.GreaterOrEqual(t, p.Bytes(), last, "%s: more context takes no less", f.Name)
			last = p.Bytes()
			assert.GreaterOrEqual(t, p.SequenceCells, int64(ctx))
			whole := plan(t, f, kv.Params{NCtx: ctx, FlashAttn: true, SWAFull: true})
			assert.GreaterOrEqual(t, whole.Bytes(), p.Bytes(), "%s: a whole window cache is no smaller", f.Name)
			assert.Equal(t, whole.Bytes(), whole.TokenBytes()*whole.ContextCells)
		}
	}
}

func TestRefused(t *testing.T) {
	odd := model("llama", 2, 3, 80)
	tests := []struct {
		name  string
		facts arch.Facts
		p     kv.Params
		want  string
	}{
		{"quantised V without flash attention", llama8B(), kv.Params{NCtx: 512, TypeV: "q8_0"}, "flash attention"},
		{"unknown type", llama8B(), kv.Params{NCtx: 512, TypeK: "q9_9"}, "q9_9"},
		{"block does not divide a head", odd, kv.Params{NCtx: 512, TypeK: "q8_0", FlashAttn: true}, "head dimension 80"},
		{"block does not divide a row", odd, kv.Params{NCtx: 512, TypeK: "q8_0"}, "block of 32"},
		{"no layers", arch.Facts{Name: "x"}, kv.Params{NCtx: 512}, "no layers"},
		{"negative context", llama8B(), kv.Params{NCtx: -1}, "n_ctx"},
		{"a context beyond 32 bits", llama8B(), kv.Params{NCtx: 1 << 32}, "takes up to 4294967295"},
		{"too many sequences", llama8B(), kv.Params{NCtx: 512, NSeq: 257}, "256"},
		{"negative batch", llama8B(), kv.Params{NCtx: 512, NBatch: -1}, "n_batch"},
		{"unknown release", llama8B(), kv.Params{NCtx: 512, Release: "latest"}, "no release of llama.cpp"},
		{"a memory of its own", model("deepseek4", 2, 1, 64), kv.Params{NCtx: 512}, "deepseek4"},
		{"shares a later cache", sharing(3), kv.Params{NCtx: 512}, "layer 1: it shares the cache of layer 3"},
		{"unknown state", recurrent(model("mamba2", 1, 1, 1), arch.Recurrent{Kind: "new"}), kv.Params{NCtx: 512}, `"new"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := kv.LlamaCpp(tt.facts, tt.p)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

// sharing has two layers, the second of which reads the cache of another.
func sharing(from int) arch.Facts {
	f := model("gemma3n", 2, 8, 64)
	f.Layers[1].Attention.SharedFrom = &from
	return f
}

func TestSharedCache(t *testing.T) {
	p := plan(t, sharing(0), kv.Params{NCtx: 512, FlashAttn: true})
	assert.Equal(t, kv.Layer{Layer: 1, Class: kv.Shared, Cells: 512}, p.Layers[1])
	assert.Equal(t, p.Layers[0].Bytes(), p.Bytes())
}

func recurrent(f arch.Facts, r arch.Recurrent) arch.Facts {
	for i := range f.Layers {
		f.Layers[i].Attention = nil
		f.Layers[i].Recurrent = &r
	}
	return f
}

func TestStates(t *testing.T) {
	f := model("falcon-h1", 2, 2, 64)
	for i := range f.Layers {
		f.Layers[i].Recurrent = &arch.Recurrent{Kind: "mamba2", ConvKernel: 4, Inner: 3072, State: 256, Groups: 1}
	}
	p := plan(t, f, kv.Params{NCtx: 1000, NSeq: 2, FlashAttn: true})
	require.Len(t, p.Layers, 4)
	assert.Equal(t, kv.Full, p.Layers[0].Class)
	assert.Equal(t, kv.Layer{Layer: 0, Class: kv.Recurrent, Cells: 2,
		KRowBytes: 3 * (3072 + 512) * 4, VRowBytes: 256 * 3072 * 4,
		KBytes: 2 * 3 * (3072 + 512) * 4, VBytes: 2 * 256 * 3072 * 4}, p.Layers[1])
	assert.Equal(t, int64(2*2*2*64*2), p.TokenBytes(), "a state does not grow")
}

func TestSaving(t *testing.T) {
	mixed := model("llama", 2, 8, 128)
	mixed.Layers[1].Attention.KVHeads = 32
	tests := []struct {
		facts arch.Facts
		want  kv.Sharing
		ratio float64
	}{
		{model("llama", 2, 32, 128), kv.MHA, 1},
		{llama8B(), kv.GQA, 4},
		{model("llama", 2, 1, 128), kv.MQA, 32},
		{deepseek(), kv.Latent, 32. * (192 + 128) / (512 + 64)},
		{mixed, kv.Mixed, 64. / 40},
		{recurrent(model("mamba2", 1, 1, 1), arch.Recurrent{Kind: "mamba2"}), kv.NoAttention, 1},
	}
	for _, tt := range tests {
		s := kv.SavingOf(tt.facts)
		assert.Equal(t, tt.want, s.Sharing)
		assert.InDelta(t, tt.ratio, s.Ratio(), 1e-12, tt.want)
	}
}
