package rules

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/kv"
)

// A rule without the product of scores and values is short of exactly that, in
// each layer by its own share of it.
func TestOneProductLayerByLayer(t *testing.T) {
	f := arch.Facts{Name: "mixed", Family: "llama", Hidden: 256, Vocab: 64, ContextLength: 4096}
	for _, a := range []arch.Attention{
		{Heads: 2, KVHeads: 2, KeyDim: 128, ValueDim: 32}, {Heads: 4, KVHeads: 4, KeyDim: 64, ValueDim: 64},
	} {
		f.Layers = append(f.Layers, arch.Layer{Attention: &a, FeedForward: &arch.FeedForward{Intermediate: 64, Gated: true}})
	}
	c := Case{Facts: f, Params: kv.Params{NCtx: 512, FlashAttn: true}, Work: &cost.Work{Kind: cost.Prefill, NPrompt: 100}}
	exact, err := newQuestion(c).flops()
	require.NoError(t, err)
	q := newQuestion(c)
	q.oneProduct = true
	got, err := q.flops()
	require.NoError(t, err)
	const cells = 256 // as many as 100 tokens round up to
	assert.Equal(t, int64(2*100*cells*(2*32+4*64)), exact-got)
}
