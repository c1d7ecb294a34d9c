package rules_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/kv"
	"assay/predict/rules"
	"assay/predict/source"
)

const mib = 1 << 20

func preset(t *testing.T, name string) arch.Facts {
	t.Helper()
	f, err := source.Load(context.Background(), "preset:"+name, source.Options{})
	require.NoError(t, err)
	return f
}

func lookup(t *testing.T, name string) rules.Set {
	t.Helper()
	s, err := rules.Lookup(name)
	require.NoError(t, err)
	return s
}

// uniform are the presets whose layers are all alike, which is what the
// formulas speak of.
func uniform(t *testing.T) []string {
	var out []string
	for _, name := range source.Presets() {
		f := preset(t, name)
		same := true
		for _, l := range f.Layers {
			first := f.Layers[0].Attention
			same = same && l.Attention != nil && l.FeedForward != nil && l.Recurrent == nil && first != nil &&
				l.Attention.SharedFrom == nil && l.Attention.KVHeads == first.KVHeads && l.Attention.KeyDim == first.KeyDim &&
				(l.FeedForward.Experts == nil) == (f.Layers[0].FeedForward.Experts == nil) &&
				l.FeedForward.Intermediate == f.Layers[0].FeedForward.Intermediate
		}
		if same {
			out = append(out, name)
		}
	}
	require.Greater(t, len(out), 15)
	return out
}

func context4k(f arch.Facts) rules.Case {
	return rules.Case{Facts: f, Params: kv.Params{NCtx: 4096, FlashAttn: true},
		Work: &cost.Work{Kind: cost.Prefill, NPrompt: 700}}
}

// The sets' figures are their sources' formulas, written out.
func TestFormulas(t *testing.T) {
	for _, name := range uniform(t) {
		f := preset(t, name)
		c := context4k(f)
		c.Params.NCtx = 5000
		a, l := f.Layers[0].Attention, int64(len(f.Layers))
		width := f.Layers[0].FeedForward.Intermediate
		if e := f.Layers[0].FeedForward.Experts; e != nil {
			if width = e.SharedIntermediate; width == 0 {
				width = e.Intermediate
			}
		}
		dim := f.Hidden / a.Heads
		labParams := 2*f.Vocab*f.Hidden + l*(4*f.Hidden*f.Hidden+3*f.Hidden*width+2*f.Hidden)
		perToken := l*(8*f.Hidden*f.Hidden+2*a.Heads*700*dim+6*f.Hidden*width) + 2*f.Hidden*f.Vocab
		q8, q4 := c, c
		q8.Weights, q4.Weights = "q8_0", "q4_0"
		cache4 := c
		cache4.Params.TypeK, cache4.Params.TypeV = "q4_0", "q4_0"

		tests := []struct {
			set    string
			c      rules.Case
			figure rules.Figure
			want   int64
		}{
			{"textbook", c, rules.KVBytes, 2 * l * a.KVHeads * a.KeyDim * 5000 * 2},
			{"textbook", cache4, rules.KVBytes, l * a.KVHeads * a.KeyDim * 5000},
			{"lab-1", c, rules.KVBytes, 2 * l * a.KVHeads * a.KeyDim * 5000 * 2},
			{"lab-1", c, rules.FLOPs, 700 * perToken},
			{"lab-1", c, rules.Params, labParams},
			{"lab-1", q8, rules.WeightBytes, labParams},
			{"lab-1", q4, rules.WeightBytes, labParams / 2},
			{"exp-001", c, rules.HeadDim, dim},
		}
		for _, tt := range tests {
			got, err := lookup(t, tt.set).Predict(tt.c, tt.figure)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got, "%s: %s of %s", name, tt.figure, tt.set)
		}
	}
}

func TestExp001Cache(t *testing.T) {
	c := context4k(preset(t, "gemma-3-12b"))
	got, err := lookup(t, "exp-001").Predict(c, rules.KVBytes)
	require.NoError(t, err)
	assert.Equal(t, int64(2*8*240*2*(8*4096+40*1024)), got)
}

// The textbook's operations: two a parameter and token, the embedding's
// lookup aside (the head is counted once whether it is tied or not).
func TestTextbookOperations(t *testing.T) {
	for _, name := range []string{"llama-3.1-8b", "qwen2.5-14b"} {
		c := context4k(preset(t, name))
		size, err := cost.SizeOf(c.Facts, "")
		require.NoError(t, err)
		got, err := lookup(t, "textbook").Predict(c, rules.FLOPs)
		require.NoError(t, err)
		assert.Equal(t, 2*700*(size.Params-c.Facts.Vocab*c.Facts.Hidden), got)
	}
}

// With nothing assumed, the figures are those of predict/kv and predict/cost.
func TestExactIsExact(t *testing.T) {
	exact := lookup(t, "exact")
	for _, name := range source.Presets() {
		f := preset(t, name)
		for _, p := range []kv.Params{
			{NCtx: 5000, FlashAttn: true}, {NCtx: 5000, FlashAttn: true, SWAFull: true},
			{NCtx: 5000}, {NCtx: 5000, NSeq: 4, FlashAttn: true, TypeK: "q8_0", TypeV: "q5_1"},
			{NCtx: 5000, NSeq: 2, KVUnified: true, NUbatch: 128, FlashAttn: true},
		} {
			c := rules.Case{Facts: f, Params: p, Work: &cost.Work{Kind: cost.Decode, NGen: 3, NDepth: 600}}
			plan, err := kv.LlamaCpp(f, p)
			require.NoError(t, err)
			got, err := exact.Predict(c, rules.KVBytes)
			require.NoError(t, err)
			assert.Equal(t, plan.Bytes(), got, "%s %+v", name, p)
			work, err := cost.LlamaCpp(f, p, *c.Work)
			require.NoError(t, err)
			got, err = exact.Predict(c, rules.FLOPs)
			require.NoError(t, err)
			assert.Equal(t, work.FLOPs(), got, "%s %+v", name, p)
		}
	}
}

// seenOf is what a runtime would show: for Gemma at 4096, 736 MiB as measured.
func seenOf(t *testing.T, c rules.Case) rules.Observed {
	t.Helper()
	plan, err := kv.LlamaCpp(c.Facts, c.Params)
	require.NoError(t, err)
	bytes := plan.Bytes()
	return rules.Observed{KVBytes: &bytes, KVLayers: plan.Layers}
}

func judge(t *testing.T, set string, c rules.Case, seen rules.Observed) map[rules.Figure]rules.Verdict {
	t.Helper()
	list, err := rules.Judge(lookup(t, set), c, seen)
	require.NoError(t, err)
	out := map[rules.Figure]rules.Verdict{}
	for _, v := range list {
		out[v.Figure] = v
	}
	return out
}

func TestGemmaOnTrial(t *testing.T) {
	c := context4k(preset(t, "gemma-3-12b"))
	seen := seenOf(t, c)
	require.Equal(t, int64(736*mib), *seen.KVBytes)
	got := judge(t, "exp-001", c, seen)

	dim := got[rules.HeadDim]
	assert.Equal(t, [2]int64{240, 256}, [2]int64{dim.Predicted, dim.Measured})
	assert.False(t, dim.Confirmed)
	assert.Contains(t, dim.Because(), "head dimension 240, from hidden 3840 ÷ 16 heads; the model's is 256 (+16 once corrected)")

	full := got[rules.FullLayers]
	assert.Equal(t, [2]int64{8, 8}, [2]int64{full.Predicted, full.Measured}, "as many,")
	assert.False(t, full.Confirmed, "but others")
	assert.Contains(t, full.Because(), "layers 0-7 keep every token; those that do are 5, 11, 17, 23, 29, 35, 41, 47")

	cache := got[rules.KVBytes]
	require.Len(t, cache.Causes, 2)
	assert.Equal(t, int64(40*512*2*8*240*2), cache.Causes[0].Effect, "room for a micro-batch")
	assert.Equal(t, int64(2*8*16*2*(8*4096+40*1024)), cache.Causes[1].Effect, "head dimension")
	assert.Contains(t, judge(t, "textbook", c, seen)[rules.KVBytes].Because(), "windowed layers")
	for _, v := range judge(t, "exact", c, seen) {
		assert.True(t, v.Confirmed, v.Figure)
		assert.Empty(t, v.Because())
	}
}

// One planted error at a time is found and named; without one, all agree.
func TestPlantedErrors(t *testing.T) {
	c := context4k(preset(t, "llama-3.1-8b"))
	seen := seenOf(t, c)
	assert.True(t, judge(t, "textbook", c, seen)[rules.KVBytes].Confirmed, "4096 tokens need no padding")

	odd := c
	odd.Params.NCtx = 5000
	padded := judge(t, "textbook", odd, seenOf(t, odd))[rules.KVBytes]
	require.Len(t, padded.Causes, 1)
	assert.Equal(t, padded.Measured-padded.Predicted, padded.Causes[0].Effect)
	assert.Contains(t, padded.Because(), "rounds up, per sequence (+15.00 MiB once corrected)")

	odd.Params.NCtx = 4096
	odd.Params.TypeK, odd.Params.TypeV = "q8_0", "q8_0"
	scaled := judge(t, "textbook", odd, seenOf(t, odd))[rules.KVBytes]
	require.Len(t, scaled.Causes, 1)
	assert.Contains(t, scaled.Because(), "scales")

	wrong := *seen.KVBytes + 1
	assert.Contains(t, judge(t, "exact", c, rules.Observed{KVBytes: &wrong})[rules.KVBytes].Because(), "none of")
}

func TestLabOperations(t *testing.T) {
	c := context4k(preset(t, "llama-3.1-8b"))
	exact, err := cost.LlamaCpp(c.Facts, c.Params, *c.Work)
	require.NoError(t, err)
	flops := exact.FLOPs()
	v := judge(t, "lab-1", c, rules.Observed{FLOPs: &flops})[rules.FLOPs]
	assert.False(t, v.Confirmed)
	for _, want := range []string{"no grouped-query discount", "one attention product", "padded cells", "last layer and the output head"} {
		assert.Contains(t, v.Because(), want)
	}
	assert.NotContains(t, v.Because(), "head dimension", "Llama's is hidden ÷ heads")
	assert.NotContains(t, v.Because(), "rotates", "an f16 cache is not")
}

func TestUnknown(t *testing.T) {
	_, err := rules.Lookup("none")
	assert.ErrorContains(t, err, "textbook")
	_, err = lookup(t, "exp-001").Predict(context4k(preset(t, "llama-3.1-8b")), rules.FLOPs)
	assert.ErrorContains(t, err, "says nothing")
	assert.NotContains(t, lookup(t, "lab-1").Figures(rules.Case{}), rules.FLOPs, "no work, no operations")
}
