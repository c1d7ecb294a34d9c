package cost_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/kv"
)

func preset(t *testing.T, name string) arch.Facts {
	t.Helper()
	f, err := arch.Load(context.Background(), "preset:"+name, arch.Options{})
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

// Seven products and one attention a layer, and the head.
func TestLlamaCppCountsProducts(t *testing.T) {
	c := predict(t, seen(), kv.Params{NCtx: 1024, FlashAttn: true}, cost.Work{Kind: cost.Decode, NGen: 3})
	assert.Equal(t, int64(3*(len(seen().Layers)*8+1)), c.Products)
}
