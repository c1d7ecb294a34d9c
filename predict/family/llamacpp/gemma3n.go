package llamacpp

import (
	"slices"

	"assay/predict/arch"
)

// What src/models/gemma3n.cpp and llama-hparams.h of v0.5.0 hold as constants:
// alternating updates, the low-rank residual, the width of per-layer
// embeddings, and the layers that own a cache.
const (
	gemma3nAltup    = 4
	gemma3nLaurel   = 64
	gemma3nPerLayer = 256
	gemma3nOwnCache = 20
)

var perLayerWidth = func(s scope) int64 { return gemma3nPerLayer * int64(len(s.facts.Layers)) }

// src/models/gemma3n.cpp; its first layers have a cache of their own, whatever
// the file says.
var _ = register(&Family{
	Name: "gemma3n", OwnCache: gemma3nOwnCache,
	Window: &Window{Period: 5},
	Tail:   Tail{LateSince: "b6673", BeforeNorm: true},
	Gaps:   map[string]string{"graph": "the updates of four states between layers are nodes that no rule here counts"},
	keys: []key{
		{"embedding_length_per_layer_input", func(*arch.Facts) any { return uint32(gemma3nPerLayer) }},
		{"attention.shared_kv_layers", func(f *arch.Facts) any { return uint32(max(len(f.Layers)-gemma3nOwnCache, 0)) }},
	},
	global: []part{{nil, []row{
		tensor("altup_proj.weight", hidden, hidden, fixed(gemma3nAltup-1)),
		tensor("altup_unembd_proj.weight", hidden, hidden, fixed(gemma3nAltup-1)),
		tensor("per_layer_token_embd.weight", perLayerWidth, vocab),
		tensor("per_layer_model_proj.weight", hidden, perLayerWidth),
		tensor("per_layer_proj_norm.weight", fixed(gemma3nPerLayer)),
	}}},
	block: slices.Concat(standardBlock, postNorms, []part{{nil, []row{
		tensor("inp_gate.weight", hidden, fixed(gemma3nPerLayer)),
		tensor("proj.weight", fixed(gemma3nPerLayer), hidden),
		tensor("post_norm.weight", hidden),
		tensor("altup_correct_coef.weight", fixed(gemma3nAltup), fixed(gemma3nAltup)),
		tensor("altup_correct_scale.weight", hidden),
		tensor("altup_predict_coef.weight", fixed(gemma3nAltup), fixed(gemma3nAltup*gemma3nAltup)),
		tensor("altup_router.weight", hidden, fixed(gemma3nAltup)),
		tensor("altup_router_norm.weight", hidden),
		tensor("laurel_l.weight", hidden, fixed(gemma3nLaurel)),
		tensor("laurel_r.weight", fixed(gemma3nLaurel), hidden),
		tensor("laurel_post_norm.weight", hidden),
	}}}),
})
