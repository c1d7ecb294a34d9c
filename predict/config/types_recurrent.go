package config

// recurrentTypes: pure state-space models and their hybrids with attention.
var recurrentTypes = []ModelType{
	{Name: "mamba2", Family: "mamba2", recurrent: mamba2Part, mix: recurrentOnly,
		names:    map[string][]string{"recurrent.head_dim": {"head_dim"}, "recurrent.heads": {"num_heads"}},
		Defaults: map[string]any{"conv_kernel": 4, "state_size": 128, "n_groups": 8, "head_dim": 64}},
	{Name: "falcon_h1", Family: "falcon-h1", recurrent: mamba2Part, mix: bothEverywhere},
	{Name: "granitemoehybrid", Family: "granitehybrid", recurrent: mamba2Part, mix: byLayerTypes, sharedIsDense: true,
		pureFamily: "granite", Scaled: true, Defaults: graniteDefaults,
		names: map[string][]string{"experts.intermediate": {"intermediate_size"}}},
	{Name: "nemotron_h", Family: "nemotron_h", routedFamily: "nemotron_h_moe", recurrent: mamba2Part, mix: byPattern, ungated: true,
		routerBias: true, Weighed: true,
		names: map[string][]string{"recurrent.conv_kernel": {"conv_kernel"}, "attention.key_dim": {"head_dim", "attention_head_dim"}}},
	{Name: "lfm2", Family: "lfm2", recurrent: shortConvPart, mix: byAttentionIndexes, qkNorm: true, adjustedWidth: true,
		names:    map[string][]string{"feed_forward.intermediate": {"block_ff_dim", "intermediate_size"}},
		Defaults: map[string]any{"conv_L_cache": 3, "tie_word_embeddings": true}},
	{Name: "qwen3_next", Family: "qwen3next", recurrent: gatedDeltaPart, mix: byInterval, qkNorm: true, sharedGate: true,
		gatedAttention: true, Defaults: map[string]any{"full_attention_interval": 4}},
}
