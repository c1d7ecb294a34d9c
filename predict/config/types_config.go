package config

// configTypes are model types whose config.json is read in full; of some no GGUF
// layout is held here.
var configTypes = []ModelType{
	{Name: "mamba", recurrent: mambaPart, mix: recurrentOnly, names: mambaNames, Defaults: mambaDefaults},
	{Name: "falcon_mamba", recurrent: mambaPart, mix: recurrentOnly, names: mambaNames, Defaults: mambaDefaults},
	{Name: "jamba", recurrent: mambaPart, mix: byAttentionPeriod,
		names: map[string][]string{"experts.intermediate": {"intermediate_size"}, "experts.step": {"expert_layer_period"}},
		Defaults: map[string]any{"mamba_d_state": 16, "mamba_d_conv": 4, "mamba_expand": 2, "num_experts": 16, "num_experts_per_tok": 2,
			"expert_layer_period": 2, "expert_layer_offset": 1, "attn_layer_period": 8, "attn_layer_offset": 4}},
	{Name: "lfm2_moe", Family: "lfm2moe", recurrent: shortConvPart, mix: byAttentionIndexes, qkNorm: true, routerBias: true,
		Defaults: map[string]any{"conv_L_cache": 3, "tie_word_embeddings": true}},
	{Name: "nemotron-nas", Family: "deci"},
	{Name: "exaone4", Family: "exaone4", qkNorm: true},
	{Name: "gemma4", Family: "gemma4", qkNorm: true, besideDense: true, PerLayer: true, names: gemma4Names, Defaults: gemma4Defaults},
	{Name: "gemma4_text", Family: "gemma4", qkNorm: true, besideDense: true, PerLayer: true, names: gemma4Names, Defaults: gemma4Defaults},
	{Name: "qwen3_5", Family: "qwen35", recurrent: gatedDeltaPart, mix: byInterval, qkNorm: true,
		gatedAttention: true, Defaults: qwen35Defaults},
	{Name: "qwen3_5_text", Family: "qwen35", recurrent: gatedDeltaPart, mix: byInterval, qkNorm: true,
		gatedAttention: true, Defaults: qwen35Defaults},
	{Name: "qwen3_5_moe", Family: "qwen35moe", recurrent: gatedDeltaPart, mix: byInterval, qkNorm: true, sharedGate: true,
		gatedAttention: true, Defaults: qwen35Defaults},
	{Name: "qwen3_5_moe_text", Family: "qwen35moe", recurrent: gatedDeltaPart, mix: byInterval, qkNorm: true, sharedGate: true,
		gatedAttention: true, Defaults: qwen35Defaults},
}

var (
	mambaNames    = map[string][]string{"recurrent.inner": {"intermediate_size"}}
	mambaDefaults = map[string]any{"state_size": 16, "conv_kernel": 4, "expand": 2}
	// Gemma 4's experts stand beside a dense MLP, whose width has the usual key.
	gemma4Names    = map[string][]string{"experts.used": {"top_k_experts", "num_experts_per_tok"}}
	gemma4Defaults = map[string]any{"head_dim": 256, "tie_word_embeddings": true}
	qwen35Defaults = map[string]any{"full_attention_interval": 4}
)
