package llama_test

import (
	"testing"

	"assay/native/llama"

	"github.com/stretchr/testify/require"
)

// weightBytes are the skeleton's f32 weights that every step touches, the head
// and one expert of one layer.
func (s skeleton) weightBytes() (body, head, expert int64) {
	q, kv := s.heads*s.headDim, s.kvHeads*s.headDim
	layer := s.hidden*(2*q+2*kv) + 2*s.hidden // products, two norms
	if s.experts > 0 {
		layer += s.hidden * s.experts
	} else {
		layer += 3 * s.hidden * s.ff
	}
	return int64(4 * (layer*s.layers + s.hidden)), int64(4 * s.hidden * s.vocab), int64(4 * 3 * s.hidden * s.ff)
}

func terms(t llama.Traffic) map[string]int64 {
	bytes := map[string]int64{}
	for _, term := range t.Terms {
		bytes[term.Class] += term.Bytes
	}
	return bytes
}

// TestCounterCountsTraffic: seven tokens, then one, in two graphs. Without what
// ObserveExperts sees, or with a node left out, the figures are short.
func TestCounterCountsTraffic(t *testing.T) {
	for name, model := range map[string]skeleton{"dense": tiny, "experts": moe} {
		t.Run(name, func(t *testing.T) {
			whole, blind, deaf := llama.NewCounter(), llama.NewCounter(), llama.NewCounter()
			c := newContext(t, load(t, model, llama.ModelParams{}), llama.ContextParams{
				NCtx: 512, NThreads: 1, FlashAttn: llama.On,
				Eval: func(n llama.Node) {
					whole.Observe(n)
					blind.Observe(n)
					if n.Op() != "SET_ROWS" && n.Op() != "RMS_NORM" {
						deaf.Observe(n)
					}
				},
				Chosen: whole.ObserveExperts,
			})
			require.NoError(t, c.Decode(make([]int32, 7)))
			require.NoError(t, c.DecodeOne(1))

			body, head, expert := model.weightBytes()
			row := int64(2 * model.kvHeads * model.headDim * 2) // K and V of a cell in f16
			layers := int64(model.layers)
			got := terms(whole.Traffic)
			want := map[string]int64{
				"weights":   2*body + 8*4*int64(model.hidden), // and the rows of eight tokens
				"head":      2 * head,
				"attention": 2 * 256 * row * layers,
			}
			if model.experts > 0 {
				// Equal tokens choose equal experts, so each graph touches two a layer.
				want["experts"] = 2 * layers * int64(model.expertsUsed) * expert
				require.Zero(t, terms(blind.Traffic)["experts"], "nobody said which experts")
			}
			require.Equal(t, want, got)
			require.Equal(t, int64(2), whole.Steps)
			require.Equal(t, 8*row*layers, whole.CacheWritten)
			require.Equal(t, whole.Total(), flopsOf(whole.Traffic))

			var views int64
			for op, n := range whole.Ops {
				if op == "VIEW" || op == "RESHAPE" || op == "PERMUTE" || op == "TRANSPOSE" || op == "NONE" {
					views += n
				}
			}
			require.Positive(t, views)
			require.Equal(t, whole.Nodes-views, whole.Computed)
			require.Zero(t, deaf.CacheWritten)
			require.Equal(t, whole.Computed-whole.Ops["SET_ROWS"]-whole.Ops["RMS_NORM"], deaf.Computed)
		})
	}
}

func flopsOf(t llama.Traffic) (sum int64) {
	for _, term := range t.Terms {
		sum += term.FLOPs
	}
	return sum
}
