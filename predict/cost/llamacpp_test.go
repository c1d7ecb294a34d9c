package cost_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/cost"
	family "assay/predict/family/llamacpp"
	"assay/predict/kv"
	"assay/predict/source"
)

func preset(t *testing.T, name string) arch.Facts {
	t.Helper()
	f, err := source.Load(context.Background(), "preset:"+name, source.Options{})
	require.NoError(t, err)
	return f
}

func predict(t *testing.T, f arch.Facts, p kv.Params, w cost.Work) cost.Cost {
	t.Helper()
	c, err := cost.LlamaCpp(f, p, w)
	require.NoError(t, err)
	return c
}

// seen is the 32-layer skeleton that was measured on v0.5.0: 5,636,096
// operations a token and layer, of which 393,216 in the feed-forward.
func seen() arch.Facts {
	f := arch.Facts{Name: "skeleton", Family: "llama", Hidden: 256, Vocab: 256, ContextLength: 131072}
	for range 32 {
		f.Layers = append(f.Layers, arch.Layer{
			Attention:   &arch.Attention{Heads: 32, KVHeads: 8, KeyDim: 128, ValueDim: 128},
			FeedForward: &arch.FeedForward{Intermediate: 256, Gated: true},
		})
	}
	return f
}

func TestLlamaCppMeasured(t *testing.T) {
	c := predict(t, seen(), kv.Params{NCtx: 1024, FlashAttn: true}, cost.Work{Kind: cost.Prefill, NPrompt: 512})
	assert.Equal(t, map[cost.Op]int64{cost.MulMat: 92_140_994_560, cost.FlashAttn: 137_438_953_472}, c.Ops)
	assert.Equal(t, int64(1), c.Steps)
	assert.Equal(t, int64(92_140_994_560+137_438_953_472), c.FLOPs())
}

// What the mask lets through, and how far apart cells lie, decide how long
// attention takes.
func TestLlamaCppAttentionThatIsNotMasked(t *testing.T) {
	full := seen()
	perCell := int64(0)
	for _, l := range full.Layers {
		perCell += 2 * l.Attention.Heads * (l.Attention.KeyDim + l.Attention.ValueDim)
	}
	windowed := seen()
	for i := range windowed.Layers {
		a := *windowed.Layers[i].Attention
		a.Window = 100
		windowed.Layers[i].Attention = &a
	}
	tests := map[string]struct {
		facts arch.Facts
		work  cost.Work
		cells int64
	}{
		"prefill sees what came before": {full, cost.Work{Kind: cost.Prefill, NPrompt: 512}, 512 * 513 / 2},
		"decode at a depth":             {full, cost.Work{Kind: cost.Decode, NGen: 2, NDepth: 300}, 301 + 302},
		"no further than the window":    {windowed, cost.Work{Kind: cost.Decode, NGen: 2, NDepth: 300}, 200},
		"a window that is not yet full": {windowed, cost.Work{Kind: cost.Prefill, NPrompt: 3}, 1 + 2 + 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := predict(t, tt.facts, kv.Params{NCtx: 1024, FlashAttn: true}, tt.work)
			last := c.Terms[len(c.Terms)-1]
			require.Equal(t, cost.Attention, last.Class)
			assert.Equal(t, tt.cells*perCell, last.LiveFLOPs)
			assert.Less(t, last.LiveFLOPs, last.FLOPs)
			a := tt.facts.Layers[0].Attention
			assert.Equal(t, 2*a.KVHeads*a.KeyDim, last.RowBytes)
		})
	}
}

// Sequences with cells of their own read as many caches as there are of them.
func TestEachStreamIsRead(t *testing.T) {
	read := func(seqs int) int64 {
		c := predict(t, seen(), kv.Params{NCtx: 1024 * seqs, NSeq: seqs, FlashAttn: true}, cost.Work{Kind: cost.Decode, NGen: 3})
		last := c.Terms[len(c.Terms)-1]
		require.Equal(t, cost.Attention, last.Class)
		return last.Bytes
	}
	assert.Positive(t, read(1))
	assert.Equal(t, 2*read(1), read(2))
	assert.Equal(t, 3*read(1), read(3))
}

// Seven products and one attention a layer, and the head.
func TestLlamaCppCountsProducts(t *testing.T) {
	c := predict(t, seen(), kv.Params{NCtx: 1024, FlashAttn: true}, cost.Work{Kind: cost.Decode, NGen: 3})
	assert.Equal(t, int64(3*(len(seen().Layers)*8+1)), c.Products)
}

// shape is a small model whose graphs were evaluated on v0.5.0.
type shape struct {
	family              string
	layers              int
	hidden, ff, window  int64
	heads, kvHeads, dim int64
	moe                 bool
}

func (s shape) facts() arch.Facts {
	f := arch.Facts{Name: s.family, Family: s.family, Hidden: s.hidden, Vocab: 256, ContextLength: 131072,
		TiedEmbeddings: s.family == "gemma3"}
	for i := range s.layers {
		a := &arch.Attention{Heads: s.heads, KVHeads: s.kvHeads, KeyDim: s.dim, ValueDim: s.dim}
		if (i+1)%6 != 0 {
			a.Window = s.window
		}
		ff := &arch.FeedForward{Intermediate: s.ff, Gated: true}
		if s.moe {
			ff = &arch.FeedForward{Gated: true, Experts: &arch.Experts{
				Count: 8, Used: 2, Intermediate: s.ff, SharedIntermediate: s.ff / 2, SharedGate: true}}
		}
		f.Layers = append(f.Layers, arch.Layer{Attention: a, FeedForward: ff})
	}
	return f
}

var (
	smallLlama = shape{family: "llama", layers: 4, hidden: 128, ff: 192, heads: 4, kvHeads: 2, dim: 64}
	smallGemma = shape{family: "gemma3", layers: 12, hidden: 128, ff: 192, window: 256, heads: 4, kvHeads: 2, dim: 128}
	smallMoE   = shape{family: "qwen2moe", layers: 4, hidden: 256, ff: 128, heads: 4, kvHeads: 4, dim: 64, moe: true}
)

// Every figure was counted from the graph nodes that v0.5.0's Linux build
// evaluated (node-llama-cpp 3.22.1), in the same batches.
func TestExecuted(t *testing.T) {
	fa := kv.Params{NCtx: 1300, NBatch: 400, NUbatch: 128, FlashAttn: true}
	with := func(change func(*kv.Params)) kv.Params {
		p := fa
		change(&p)
		return p
	}
	prefill := func(n, depth int) cost.Work { return cost.Work{Kind: cost.Prefill, NPrompt: n, NDepth: depth} }
	decode := func(n, depth int) cost.Work { return cost.Work{Kind: cost.Decode, NGen: n, NDepth: depth} }
	tests := []struct {
		name                    string
		model                   shape
		p                       kv.Params
		w                       cost.Work
		mulMat, mulMatID, flash int64
	}{
		{"windows", smallGemma, fa, prefill(700, 5), 4_438_851_584, 0, 8_317_304_832},
		{"whole windows", smallGemma, with(func(p *kv.Params) { p.SWAFull = true }), prefill(700, 5),
			4_438_851_584, 0, 9_890_168_832},
		{"no flash attention, beyond the window", smallGemma,
			with(func(p *kv.Params) { p.FlashAttn, p.NCtx, p.NUbatch = false, 3000, 512 }), decode(9, 1100), 247_726_080, 0, 0},
		{"two sequences apart, both caches rotated", smallGemma,
			with(func(p *kv.Params) { p.NSeq, p.TypeK, p.TypeV = 2, "q8_0", "q4_0" }), prefill(301, 5),
			5_947_916_288, 0, 4_718_592_000},
		{"two sequences together, keys rotated", smallGemma,
			with(func(p *kv.Params) { p.NSeq, p.KVUnified, p.TypeK = 2, true, "q8_0" }), prefill(301, 5),
			5_237_768_192, 0, 8_040_480_768},
		{"micro-batch of the batch's size", smallLlama, with(func(p *kv.Params) { p.NUbatch = 512 }), prefill(700, 0),
			860_585_984, 0, 1_782_579_200},
		{"three sequences, one token each", smallLlama, with(func(p *kv.Params) { p.NSeq, p.NUbatch = 3, 512 }), decode(4, 300),
			17_301_504, 0, 25_165_824},
		{"rotated keys without flash attention", smallLlama,
			with(func(p *kv.Params) { p.FlashAttn, p.TypeK, p.NUbatch = false, "q8_0", 512 }), prefill(200, 300),
			704_724_992, 0, 0},
		{"experts", smallMoE, fa, prefill(300, 0), 722_000_384, 354_287_616, 360_710_144},
		{"experts, one token", smallMoE, fa, decode(5, 290), 13_199_360, 7_864_320, 10_485_760},
		{"experts, two sequences together", smallMoE, with(func(p *kv.Params) { p.NSeq, p.KVUnified = 2, true }), decode(5, 290),
			26_398_720, 15_728_640, 31_457_280},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ops := predict(t, tt.model.facts(), tt.p, tt.w).Ops
			assert.Equal(t, tt.mulMat, ops[cost.MulMat], cost.MulMat)
			assert.Equal(t, tt.mulMatID, ops[cost.MulMatID], cost.MulMatID)
			assert.Equal(t, tt.flash, ops[cost.FlashAttn], cost.FlashAttn)
		})
	}
}

// The last layer's tail and the head run for the outputs alone, so asking for
// all of them costs exactly those products more.
func TestAllOutputs(t *testing.T) {
	p := kv.Params{NCtx: 1024, FlashAttn: true}
	last := predict(t, seen(), p, cost.Work{Kind: cost.Prefill, NPrompt: 512})
	all := predict(t, seen(), p, cost.Work{Kind: cost.Prefill, NPrompt: 512, AllOutputs: true})
	assert.Equal(t, int64(511*(393_216+131_072)), all.FLOPs()-last.FLOPs())
}

// One token touches as many experts as it chooses; many tokens all of them,
// and never more than they can choose.
func TestExpertBytes(t *testing.T) {
	f, p := smallMoE.facts(), kv.Params{NCtx: 4096, FlashAttn: true}
	experts := func(w cost.Work) (bytes, upper int64) {
		c := predict(t, f, p, w)
		for _, term := range c.Terms {
			if term.Class == cost.Experts {
				bytes += term.Bytes
			}
		}
		return bytes, c.ExpertBytesUpper
	}
	const one = 3 * 256 * 128 * 2 // gate, up and down of one expert in f16
	bytes, upper := experts(cost.Work{Kind: cost.Decode, NGen: 1})
	assert.Equal(t, [2]int64{4 * 2 * one, 4 * 2 * one}, [2]int64{bytes, upper})
	bytes, upper = experts(cost.Work{Kind: cost.Prefill, NPrompt: 3, AllOutputs: true})
	assert.Equal(t, int64(4*6*one), upper, "three tokens choose six at most")
	assert.InDelta(t, 4*8*(1-0.75*0.75*0.75)*one, float64(bytes), 8, "4.6 when they choose evenly")
	bytes, upper = experts(cost.Work{Kind: cost.Prefill, NPrompt: 512, AllOutputs: true})
	assert.Equal(t, [2]int64{4 * 8 * one, 4 * 8 * one}, [2]int64{bytes, upper})
}

// More work never costs less.
func TestMonotony(t *testing.T) {
	for _, s := range []shape{smallLlama, smallGemma, smallMoE} {
		p := kv.Params{NCtx: 2048, FlashAttn: true}
		var last int64
		for n := 100; n < 1500; n += 100 {
			got := predict(t, s.facts(), p, cost.Work{Kind: cost.Prefill, NPrompt: n}).FLOPs()
			assert.Greater(t, got, last)
			last = got
		}
		shallow := predict(t, s.facts(), p, cost.Work{Kind: cost.Decode, NGen: 1, NDepth: 10})
		deep := predict(t, s.facts(), p, cost.Work{Kind: cost.Decode, NGen: 1, NDepth: 1500})
		assert.Greater(t, deep.FLOPs(), shallow.FLOPs())
		assert.Greater(t, deep.Bytes(), shallow.Bytes())
	}
}

func TestRefusedWork(t *testing.T) {
	p := kv.Params{NCtx: 512, FlashAttn: true}
	for want, w := range map[string]cost.Work{
		"no work":            {Kind: cost.Prefill, NGen: 1},
		"no room for":        {Kind: cost.Prefill, NPrompt: 513},
		"a depth of -1":      {Kind: cost.Decode, NGen: 1, NDepth: -1},
		"fill to a depth of": {Kind: cost.Decode, NGen: 1, NDepth: 600},
	} {
		_, err := cost.LlamaCpp(seen(), p, w)
		assert.ErrorContains(t, err, want)
	}
	_, err := cost.LlamaCpp(seen(), kv.Params{NCtx: 1 << 31, FlashAttn: true}, cost.Work{Kind: cost.Prefill, NPrompt: 1})
	assert.ErrorContains(t, err, "give a shorter context")
	encoder := seen()
	encoder.Tensors, _ = family.Tensors(encoder, family.TypePlan{})
	encoder.Family = "bert"
	_, err = cost.LlamaCpp(encoder, p, cost.Work{Kind: cost.Prefill, NPrompt: 1})
	assert.ErrorIs(t, err, cost.ErrNoRule, "what the cache takes, which is nothing, stands")
	_, err = cost.LlamaCpp(arch.Facts{Name: "new", Family: "new", Layers: seen().Layers}, p, cost.Work{Kind: cost.Decode, NGen: 1})
	assert.ErrorContains(t, err, `"new"`)
}
