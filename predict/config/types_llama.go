package config

// llamaTypes: Llama 1 to 3 and the models that share its blocks.
var llamaTypes = []ModelType{
	{Name: "llama", Family: "llama"},
	{Name: "mistral", Family: "llama", Defaults: map[string]any{"sliding_window": 4096}},
	{Name: "mixtral", Family: "llama", names: map[string][]string{"experts.intermediate": {"intermediate_size"}}},
}

// Llama 4 calls its experts' width intermediate_size, the dense layers'
// intermediate_size_mlp; its shared expert is as wide as a routed one. Layers
// without rotary embedding are the global ones.
var (
	llama4Names = map[string][]string{
		"experts.intermediate":      {"intermediate_size"},
		"experts.shared_width":      {"intermediate_size"},
		"feed_forward.intermediate": {"intermediate_size_mlp"},
		"attention.period":          {"no_rope_layer_interval"},
		"attention.window":          {"attention_chunk_size"},
	}
	llama4Defaults = map[string]any{
		"vocab_size": 202048, "hidden_size": 5120, "intermediate_size": 8192, "intermediate_size_mlp": 16384,
		"num_hidden_layers": 48, "num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128,
		"max_position_embeddings": 131072, "num_experts_per_tok": 1, "num_local_experts": 16,
		"interleave_moe_layer_step": 1, "no_rope_layer_interval": 4, "attention_chunk_size": 8192,
		"rms_norm_eps": 1e-5, "rope_theta": 5e5,
	}
)
