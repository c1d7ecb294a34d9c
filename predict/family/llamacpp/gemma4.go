package llamacpp

import (
	"slices"

	"assay/predict/arch"
)

func projectsValues(s scope) bool { return hasAttention(s) && !s.layer.Attention.ValuesAreKeys }

func hasPerLayer(s scope) bool { return s.facts.PerLayer > 0 }

func isBeside(s scope) bool { return hasFeedForward(s) && s.layer.FeedForward.Intermediate > 0 }

var (
	ownEmbedding  = func(s scope) int64 { return s.facts.PerLayer }
	allEmbeddings = func(s scope) int64 { return s.facts.PerLayer * int64(len(s.facts.Layers)) }
	// halfOfFull is half the head dimension of layers without a window.
	halfOfFull = func(s scope) int64 {
		full, _ := fullAttention(s.facts, func(a *arch.Attention) int64 { return a.KeyDim / 2 }).(uint32)
		return int64(full)
	}
)

// src/models/gemma4.cpp: full layers may take their keys as values; the experts
// stand beside a dense MLP. Files have the projections of layers that read another's
// cache, too, which the graph never meets.
var _ = register(&Family{
	Name: "gemma4", tied: true, PerLayer: true,
	Window: &Window{},
	Tail:   Tail{LateSince: "b10361", LateUntil: "b11548"},
	Gaps:   map[string]string{"graph": "its graph's nodes were not read"},
	keys: []key{
		{"attention.key_length_swa", func(f *arch.Facts) any { return windowedAttention(f, cachedKeyDim) }},
		{"attention.value_length_swa", func(f *arch.Facts) any { return windowedAttention(f, cachedValueDim) }},
		{"rope.dimension_count", func(f *arch.Facts) any { return fullAttention(f, cachedKeyDim) }},
		{"rope.dimension_count_swa", func(f *arch.Facts) any { return windowedAttention(f, cachedKeyDim) }},
		{"attention.shared_kv_layers", func(f *arch.Facts) any { return uint32(sharedLayers(f)) }},
		{"embedding_length_per_layer_input", func(f *arch.Facts) any { return uint32(f.PerLayer) }},
	},
	global: []part{
		{hasPerLayer, []row{
			tensor("per_layer_token_embd.weight", allEmbeddings, vocab),
			tensor("per_layer_model_proj.weight", hidden, allEmbeddings),
			tensor("per_layer_proj_norm.weight", ownEmbedding),
		}},
		{nil, []row{tensor("rope_freqs.weight", halfOfFull)}},
	},
	block: slices.Concat([]part{
		attnNorm,
		{hasAttention, []row{tensor("attn_q.weight", hidden, queryWidth), tensor("attn_k.weight", hidden, keyWidth)}},
		{projectsValues, []row{tensor("attn_v.weight", hidden, valueWidth)}},
		{hasAttention, []row{tensor("attn_output.weight", mixedWidth, hidden)}},
		headNorms, feedNorm,
		{isBeside, []row{
			tensor("ffn_gate.weight", hidden, ffWidth),
			tensor("ffn_up.weight", hidden, ffWidth),
			tensor("ffn_down.weight", ffWidth, hidden),
		}},
		{isRouted, []row{
			tensor("ffn_gate_inp.weight", hidden, expertCount),
			tensor("ffn_gate_inp.scale", hidden),
			tensor("pre_ffw_norm_2.weight", hidden),
			tensor("post_ffw_norm_1.weight", hidden),
			tensor("post_ffw_norm_2.weight", hidden),
			tensor("ffn_gate_up_exps.weight", hidden, times(fixed(2), expertWidth), expertCount),
			tensor("ffn_down_exps.weight", expertWidth, hidden, expertCount),
			tensor("ffn_down_exps.scale", expertCount),
		}},
	}, postNorms, []part{
		{nil, []row{tensor("layer_output_scale.weight", fixed(1))}},
		{hasPerLayer, []row{
			tensor("inp_gate.weight", hidden, ownEmbedding),
			tensor("proj.weight", ownEmbedding, hidden),
			tensor("post_norm.weight", hidden),
		}},
	}),
})

// sharedLayers counts the layers that read another's cache.
func sharedLayers(f *arch.Facts) (n int) {
	for i := range f.Layers {
		if a := f.Layers[i].Attention; a != nil && a.SharedFrom != nil {
			n++
		}
	}
	return n
}
