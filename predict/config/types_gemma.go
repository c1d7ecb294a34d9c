package config

// gemma3Defaults are what Google's own config.json files leave to the class:
// the 12B one states neither head_dim nor the vocabulary nor the pattern.
var gemma3Defaults = map[string]any{
	"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
	"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 131072,
	"tie_word_embeddings": true, "sliding_window": 4096, "sliding_window_pattern": 6,
	"rms_norm_eps": 1e-6, "rope_theta": 1e6,
}

// gemmaTypes: Gemma's head dimension is 256 by default, whatever hidden ÷ heads is.
var gemmaTypes = []ModelType{
	{Name: "gemma", Family: "gemma", Defaults: map[string]any{"head_dim": 256, "tie_word_embeddings": true}},
	{Name: "gemma2", Family: "gemma2", Defaults: map[string]any{
		"head_dim": 256, "tie_word_embeddings": true, "sliding_window": 4096, "sliding_window_pattern": 2}},
	{Name: "gemma3", Family: "gemma3", qkNorm: true, Defaults: gemma3Defaults},
	{Name: "gemma3_text", Family: "gemma3", qkNorm: true, Defaults: gemma3Defaults},
}

var gemma3nDefaults = map[string]any{
	"vocab_size": 262400, "hidden_size": 2048, "intermediate_size": 16384, "num_hidden_layers": 35,
	"num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 256, "max_position_embeddings": 32768,
	"tie_word_embeddings": true, "sliding_window": 512, "sliding_window_pattern": 5,
	"num_kv_shared_layers": 15, "rms_norm_eps": 1e-6, "rope_theta": 1e6,
}

var gemma3nTypes = []ModelType{
	{Name: "gemma3n", Family: "gemma3n", qkNorm: true, Defaults: gemma3nDefaults},
	{Name: "gemma3n_text", Family: "gemma3n", qkNorm: true, Defaults: gemma3nDefaults},
}
