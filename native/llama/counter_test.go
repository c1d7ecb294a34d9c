package llama_test

import (
	"testing"

	"assay/native/llama"

	"github.com/stretchr/testify/require"
)

// products is what a skeleton's matrix products with weights cost for one
// token in all layers but the last's tail, that tail, and the output head.
func (s skeleton) products() (body, tail, head int64) {
	q, kv := s.heads*s.headDim, s.kvHeads*s.headDim
	attention := s.hidden*(q+2*kv) + q*s.hidden
	feedForward := 3 * s.hidden * s.ff
	if s.experts > 0 {
		feedForward = 3*s.hidden*s.ff*s.expertsUsed + s.hidden*s.experts
	}
	body = int64(2 * (attention*s.layers + feedForward*(s.layers-1)))
	return body, int64(2 * feedForward), int64(2 * s.hidden * s.vocab)
}

// attention is Q·K and weights·V of all layers over a padded cache.
func (s skeleton) attention(tokens, cells int) int64 {
	return int64(s.layers * 2 * tokens * s.heads * cells * 2 * s.headDim)
}

func TestCounterCountsWhatRan(t *testing.T) {
	tests := []struct {
		name  string
		model skeleton
		flash llama.Switch
	}{
		{"flash attention", tiny, llama.On},
		{"plain attention", tiny, llama.Off},
		{"experts", moe, llama.On},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			counter := llama.NewCounter()
			c := newContext(t, load(t, test.model, llama.ModelParams{}), llama.ContextParams{
				NCtx: 512, NThreads: 1, FlashAttn: test.flash, Eval: counter.Observe,
			})
			// 7 tokens: the last layer's feed-forward and the head run for one. The
			// attention sees the least that the cache hands out: 256 cells, without
			// flash attention 32 up to b6845 (llama_kv_cache::get_padding).
			cells := 256
			if test.flash == llama.Off && since(t, "b6673", "b6845") {
				cells = 32
			}
			require.NoError(t, c.Decode(make([]int32, 7)))
			body, tail, head := test.model.products()
			attention := test.model.attention(7, cells)
			require.Equal(t, 7*body+tail+head+attention, counter.Total(), "%+v", counter.FLOPs)

			require.NoError(t, c.DecodeOne(1))
			attention += test.model.attention(1, cells)
			require.Equal(t, 8*body+2*tail+2*head+attention, counter.Total(), "%+v", counter.FLOPs)

			if test.flash == llama.On {
				require.Equal(t, attention, counter.FLOPs["FLASH_ATTN_EXT"])
				require.Equal(t, int64(2*test.model.layers), counter.Ops["FLASH_ATTN_EXT"])
			} else {
				require.NotContains(t, counter.Ops, "FLASH_ATTN_EXT")
			}
			if test.model.experts > 0 {
				experts := 2 * 3 * test.model.hidden * test.model.ff * test.model.expertsUsed
				// Layer 0 for eight tokens, the last layer for two.
				require.Equal(t, int64(experts*(8+2)), counter.FLOPs["MUL_MAT_ID"])
			}
			var nodes int64
			for _, n := range counter.Ops {
				nodes += n
			}
			require.Equal(t, nodes, counter.Nodes)
		})
	}
}
