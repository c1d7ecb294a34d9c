package arch

import "slices"

var gemma3nDefaults = map[string]any{
	"vocab_size": 262400, "hidden_size": 2048, "intermediate_size": 16384, "num_hidden_layers": 35,
	"num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 256, "max_position_embeddings": 32768,
	"tie_word_embeddings": true, "sliding_window": 512, "sliding_window_pattern": 5,
	"num_kv_shared_layers": 15, "rms_norm_eps": 1e-6, "rope_theta": 1e6,
}

var gemma3nTypes = []modelType{
	{name: "gemma3n", family: "gemma3n", qkNorm: true, defaults: gemma3nDefaults},
	{name: "gemma3n_text", family: "gemma3n", qkNorm: true, defaults: gemma3nDefaults},
}

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

var gemma3nFamily = family{
	name: "gemma3n", windowPeriod: 5, ownCache: gemma3nOwnCache,
	keys: []key{
		{"embedding_length_per_layer_input", func(*Facts) any { return uint32(gemma3nPerLayer) }},
		{"attention.shared_kv_layers", func(f *Facts) any { return uint32(max(len(f.Layers)-gemma3nOwnCache, 0)) }},
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
}
