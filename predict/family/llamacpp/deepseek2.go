package llamacpp

import (
	"slices"

	"assay/predict/arch"
)

func hasMLA(s scope) bool { return s.layer.Attention != nil && s.layer.Attention.MLA != nil }

func hasQLora(s scope) bool {
	return hasMLA(s) && s.layer.Attention.MLA.QLoraRank > 0
}

func hasPlainQuery(s scope) bool {
	return hasMLA(s) && s.layer.Attention.MLA.QLoraRank == 0
}

func latent(of func(*arch.MLA) int64) dim {
	return func(s scope) int64 { return of(s.layer.Attention.MLA) }
}

var (
	qRank    = latent(func(m *arch.MLA) int64 { return m.QLoraRank })
	kvRank   = latent(func(m *arch.MLA) int64 { return m.KVLoraRank })
	ropeDim  = latent(func(m *arch.MLA) int64 { return m.RopeDim })
	nopeDim  = latent(func(m *arch.MLA) int64 { return m.NopeDim })
	mlaValue = latent(func(m *arch.MLA) int64 { return m.ValueDim })
)

// mlaRows are the decompressing projections split into keys and values, as the
// converter has written them since llama.cpp could cache the latent itself.
var mlaRows = []part{
	{hasQLora, []row{
		tensor("attn_q_a.weight", hidden, qRank),
		tensor("attn_q_a_norm.weight", qRank),
		tensor("attn_q_b.weight", qRank, queryWidth),
	}},
	{hasPlainQuery, []row{tensor("attn_q.weight", hidden, queryWidth)}},
	{hasMLA, []row{
		tensor("attn_kv_a_mqa.weight", hidden, sum(kvRank, ropeDim)),
		tensor("attn_kv_a_norm.weight", kvRank),
		tensor("attn_k_b.weight", nopeDim, kvRank, heads),
		tensor("attn_v_b.weight", kvRank, mlaValue, heads),
		tensor("attn_output.weight", times(heads, mlaValue), hidden),
	}},
}

// draftRows: the last state and the next token's embedding are normed, joined
// and projected, and what comes out is scored; embedding and head are copies of
// the model's own (arXiv 2412.19437, 2.2). The names are llama.cpp's
// (LLM_TENSOR_NEXTN_*, src/llama-arch.cpp of v0.5.0).
var draftRows = part{nil, []row{
	tensor("nextn.eh_proj.weight", times(fixed(2), hidden), hidden),
	tensor("nextn.enorm.weight", hidden),
	tensor("nextn.hnorm.weight", hidden),
	tensor("nextn.embed_tokens.weight", hidden, vocab),
	tensor("nextn.shared_head_norm.weight", hidden),
	tensor("nextn.shared_head_head.weight", hidden, vocab),
}}

// src/models/deepseek2.cpp joins the compressed query and key each with their
// rotated part; what the latent attention makes is copied behind the product
// that expands it.
var _ = register(&Family{
	Name:    "deepseek2",
	Weighed: true,
	draft:   []part{draftRows},
	block:   slices.Concat([]part{attnNorm}, mlaRows, []part{feedNorm}, feedForward, []part{routerBiasRow}),
	keys:    latentKeys,
	Graph:   &Graph{Queries: rotated(3), Activation: 1, Router: 4, Picks: 2},
})

// latentKeys are of all models with latent attention and experts.
var latentKeys = slices.Concat(weighingKeys, []key{
	{"attention.q_lora_rank", mlaKey(func(m *arch.MLA) int64 { return m.QLoraRank })},
	{"attention.kv_lora_rank", mlaKey(func(m *arch.MLA) int64 { return m.KVLoraRank })},
	{"attention.key_length_mla", mlaKey(func(m *arch.MLA) int64 { return m.NopeDim + m.RopeDim })},
	{"attention.value_length_mla", mlaKey(func(m *arch.MLA) int64 { return m.ValueDim })},
	{"rope.dimension_count", mlaKey(func(m *arch.MLA) int64 { return m.RopeDim })},
	{"leading_dense_block_count", leadingDense},
	{"expert_shared_count", sharedCount},
})

func mlaKey(of func(*arch.MLA) int64) func(*arch.Facts) any {
	return func(f *arch.Facts) any {
		if a := f.FirstAttention(); a != nil && a.MLA != nil {
			return uint32(of(a.MLA))
		}
		return nil
	}
}

// leadingDense counts the layers before the first routed one.
func leadingDense(f *arch.Facts) any {
	for i := range f.Layers {
		if ff := f.Layers[i].FeedForward; ff != nil && ff.Experts != nil {
			return uint32(i)
		}
	}
	return uint32(len(f.Layers))
}

// sharedCount is the shared experts' width in units of a routed one's.
func sharedCount(f *arch.Facts) any {
	e := f.FirstExperts()
	if e == nil || e.Intermediate == 0 {
		return uint32(0)
	}
	return uint32(e.SharedIntermediate / e.Intermediate)
}
