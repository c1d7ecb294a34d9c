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
