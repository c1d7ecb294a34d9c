package cost_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/kv"
)

// tiny is a llama of two layers, small enough to count by hand: 64 wide, 2 heads
// of 32 over one of keys and values, a feed-forward of 128, 100 tokens.
func tiny() arch.Facts {
	f := arch.Facts{Name: "tiny", Family: "llama", ModelType: "llama", Hidden: 64, Vocab: 100}
	for range 2 {
		f.Layers = append(f.Layers, arch.Layer{
			Attention:   &arch.Attention{Heads: 2, KVHeads: 1, KeyDim: 32, ValueDim: 32},
			FeedForward: &arch.FeedForward{Intermediate: 128, Gated: true},
		})
	}
	return f
}

// What a layer of tiny has: keys and values, and everything else.
const (
	tinyKV    = 2 * 64 * 32
	tinyRest  = 2*64*64 + 3*64*128
	tinyHead  = 64 * 100
	tinyScore = 2 * 2 * 2 * 32 // operations of a token and a cell
)

func TestMLXByHand(t *testing.T) {
	p := kv.MLXParams{Type: "f32"}
	c, err := cost.MLX(tiny(), p, cost.Work{NPrompt: 10, NGen: 2, Weights: "f32"})
	require.NoError(t, err)
	assert.Equal(t, int64(4), c.Steps, "a chunk, the last prompt token, two generated")
	chunk := int64(9 * 2 * (2*tinyKV + tinyRest)) // the last layer's keys and values alone
	token := int64(2 * (2*tinyKV + 2*tinyRest + tinyHead))
	attention := int64(tinyScore * (9*9 + 2*(10+11+12)))
	assert.Equal(t, chunk+3*token+attention, c.FLOPs())
	require.Len(t, c.Terms, 3)
	assert.Equal(t, []cost.Class{cost.Weights, cost.Head, cost.Attention}, []cost.Class{c.Terms[0].Class, c.Terms[1].Class, c.Terms[2].Class})
	assert.Equal(t, int64(3*2*tinyHead), c.Terms[1].FLOPs)
	assert.Equal(t, int64(3*4*tinyHead), c.Terms[1].Bytes)
	live := int64(tinyScore * (9*10/2 + 2*(10+11+12)))
	assert.Equal(t, live, c.Terms[2].LiveFLOPs)
	// Matrices, norms before and in the layers, one row of the embedding a token.
	everyToken := int64(4 * (2*tinyKV + 2*tinyRest + 5*64))
	assert.Equal(t, 3*everyToken+4*(2*tinyKV+tinyRest+3*64)+4*64*12, c.Terms[0].Bytes)
	const slot = 2 * 32 * 4
	assert.Equal(t, int64(2*slot*(256+12)), c.KVWriteBytes, "a block of zeros and twelve tokens in each layer")
	assert.Equal(t, int64(slot*(9+2*(10+11+12))), c.Terms[2].Bytes)
	assert.Nil(t, c.Ops)
}

func TestMLXPackedBytes(t *testing.T) {
	f := tiny()
	plain, err := cost.MLXWeightBytes(f, "bf16")
	require.NoError(t, err)
	assert.Equal(t, int64(2*(2*tinyKV+2*tinyRest+2*tinyHead+5*64)), plain)
	packed, err := cost.MLXWeightBytes(f, "4bit-g32")
	require.NoError(t, err)
	// Half a byte an element, and a scale and a bias of 2 bytes for 32 elements.
	matrices := int64(2*tinyKV + 2*tinyRest + 2*tinyHead)
	assert.Equal(t, matrices/2+matrices/32*4+2*5*64, packed)
	f.TiedEmbeddings = true
	tied, err := cost.MLXWeightBytes(f, "bf16")
	require.NoError(t, err)
	assert.Equal(t, plain-2*tinyHead, tied)
	c, err := cost.MLX(f, kv.MLXParams{}, cost.Work{NGen: 1, Weights: "4bit"})
	require.NoError(t, err)
	assert.Equal(t, []string{"4bit", "bf16"}, []string{c.Terms[0].Type, c.Terms[1].Type}, "vectors are not packed")
	assert.Equal(t, int64(2*tinyHead), c.Terms[2].FLOPs, "the embedding is the head")
}

func TestMLXRefuses(t *testing.T) {
	f, work := tiny(), cost.Work{NPrompt: 1}
	for want, change := range map[string]func(*arch.Facts, *cost.Work, *kv.MLXParams){
		"no q4_0 weights":       func(_ *arch.Facts, w *cost.Work, _ *kv.MLXParams) { w.Weights = "q4_0" },
		`model type "mamba2"`:   func(f *arch.Facts, _ *cost.Work, _ *kv.MLXParams) { f.ModelType = "mamba2" },
		"none that mlx-lm does": func(_ *arch.Facts, w *cost.Work, _ *kv.MLXParams) { w.NPrompt = 0 },
		"after -1 is none":      func(_ *arch.Facts, w *cost.Work, _ *kv.MLXParams) { w.NDepth = -1 },
		"kv-group-size":         func(_ *arch.Facts, _ *cost.Work, p *kv.MLXParams) { p.KVBits = 3 },
	} {
		f, work, p := f, work, kv.MLXParams{}
		change(&f, &work, &p)
		_, err := cost.MLX(f, p, work)
		assert.ErrorContains(t, err, want)
	}
	f.Tensors = []arch.Tensor{{Name: "model.embed_tokens.weight", Type: "f32", Shape: []int64{64, 100}}}
	_, err := cost.MLX(f, kv.MLXParams{}, work)
	assert.ErrorContains(t, err, "the folder has no matrix for layer 0")
}
