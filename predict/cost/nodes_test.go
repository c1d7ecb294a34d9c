package cost_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/cost"
	family "assay/predict/family/llamacpp"
	"assay/predict/kv"
)

// Counted from the nodes that each release evaluated for one generated token
// after 24, in KV-faithful skeletons.
func TestNodesExecuted(t *testing.T) {
	fa, q8 := kv.Params{NCtx: 1024, FlashAttn: true}, kv.Params{NCtx: 1024, FlashAttn: true, TypeK: "q8_0", TypeV: "q8_0"}
	plain := kv.Params{NCtx: 1024}
	old := func(p kv.Params, release string) kv.Params {
		p.Release = release
		return p
	}
	tests := []struct {
		preset string
		p      kv.Params
		want   int64
	}{
		{"smollm2-135m", fa, 576}, {"smollm2-135m", plain, 666}, {"smollm2-135m", q8, 696},
		{"smollm2-135m", old(q8, "b8390"), 577}, {"smollm2-135m", old(plain, "b6673"), 666},
		{"mixtral-8x7b", fa, 902}, {"mixtral-8x7b", old(fa, "b8121"), 903}, {"mixtral-8x7b", old(fa, "b6673"), 871},
		{"qwen2.5-0.5b", fa, 534}, {"qwen1.5-moe-a2.7b", plain, 966}, {"qwen3-8b", q8, 978}, {"qwen3-30b-a3b", fa, 1542},
		{"gemma-2b", fa, 367}, {"gemma-2-9b", plain, 1270}, {"gemma-3-12b", fa, 1351}, {"gemma-3-12b", old(fa, "b8390"), 1353},
		{"phi-3-mini-4k", plain, 678}, {"phi-3-mini-4k", q8, 550},
		{"gpt-oss-20b", fa, 797}, {"gpt-oss-20b", old(fa, "b6673"), 800}, {"command-r7b", fa, 536},
		{"llama-4-scout", fa, 1554}, {"olmo-2-7b", q8, 870}, {"smollm3-3b", fa, 672},
		{"mamba-codestral-7b", fa, 1350}, {"falcon-h1-7b", fa, 1677}, {"nemotron-h-8b", plain, 729}, {"lfm2-1.2b", q8, 348},
		{"granite-3.1-8b", fa, 848}, {"granite-3.1-8b", old(plain, "b6673"), 968},
		{"granite-4.0-h-tiny", plain, 1655}, {"granite-4.0-h-tiny", old(fa, "b6673"), 1604}, {"granite-4.0-h-1b", fa, 1083},
		{"deepseek-v2-lite", fa, 940}, {"deepseek-v2-lite", plain, 1021}, {"deepseek-v2-lite", old(fa, "b8121"), 967},
		{"deepseek-v3", fa, 2987}, {"deepseek-v3", old(fa, "b8121"), 2988}, {"deepseek-v3", old(plain, "b6673"), 2706},
		{"deepseek-v3", old(fa, "b6673"), 2585},
	}
	for _, tt := range tests {
		c := predict(t, family.KVFaithful(preset(t, tt.preset)), tt.p, cost.Work{Kind: cost.Decode, NGen: 1, NDepth: 24})
		if assert.NotNil(t, c.Nodes, tt.preset) {
			assert.Equal(t, tt.want, *c.Nodes, "%s %+v", tt.preset, tt.p)
		}
	}
}

// A graph without outputs ends with the last layer's attention; a sequence that
// starts clears its states.
func TestNodesByStep(t *testing.T) {
	nodes := func(name string, w cost.Work) int64 {
		p := kv.Params{NCtx: 1024, NBatch: 512, NUbatch: 128, FlashAttn: true}
		c := predict(t, family.KVFaithful(preset(t, name)), p, w)
		require.NotNil(t, c.Nodes)
		return *c.Nodes
	}
	const picks, residuals, norm, mlp, head = 2, 2, 2, 4, 3
	assert.Equal(t, int64(576+576-picks-residuals-norm-mlp-head),
		nodes("smollm2-135m", cost.Work{Kind: cost.Prefill, NPrompt: 256}))
	// The last layer and norm of Nemotron-H run for all tokens, v0.5.0; its 24
	// recurrent layers have two states each.
	const pick, product = 1, 1
	assert.Equal(t, int64(2*24+717+717-pick-product), nodes("nemotron-h-8b", cost.Work{Kind: cost.Prefill, NPrompt: 256}))
	first := nodes("mamba-codestral-7b", cost.Work{Kind: cost.Prefill, NPrompt: 1})
	later := nodes("mamba-codestral-7b", cost.Work{Kind: cost.Prefill, NPrompt: 1, NDepth: 1})
	assert.Equal(t, int64(2*64), first-later)
}

// What does not follow from the facts is absent.
func TestNodesUnknown(t *testing.T) {
	p, w := kv.Params{NCtx: 1024, FlashAttn: true}, cost.Work{Kind: cost.Decode, NGen: 1}
	for _, name := range []string{"gemma-3n-e4b", "qwen3-next-80b-a3b"} {
		assert.Nil(t, predict(t, preset(t, name), p, w).Nodes, name)
	}
	f := preset(t, "smollm2-135m")
	table, err := family.Tensors(f, family.TypePlan{})
	require.NoError(t, err)
	f.Tensors = table
	require.NotNil(t, predict(t, f, p, w).Nodes)
	f.Tensors = append(f.Tensors, arch.Tensor{Name: "blk.0.attn_q.scale", Type: "f32", Shape: []int64{1}})
	assert.Nil(t, predict(t, f, p, w).Nodes, "a scale that no rule knows")
}
