package arch

import "slices"

// gemma3Defaults are what Google's own config.json files leave to the class:
// the 12B one states neither head_dim nor the vocabulary nor the pattern.
var gemma3Defaults = map[string]any{
	"vocab_size": 262208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
	"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 131072,
	"tie_word_embeddings": true, "sliding_window": 4096, "sliding_window_pattern": 6,
	"rms_norm_eps": 1e-6, "rope_theta": 1e6,
}

// gemmaTypes: Gemma's head dimension is 256 by default, whatever hidden ÷ heads is.
var gemmaTypes = []modelType{
	{name: "gemma", family: "gemma", defaults: map[string]any{"head_dim": 256, "tie_word_embeddings": true}},
	{name: "gemma2", family: "gemma2", defaults: map[string]any{
		"head_dim": 256, "tie_word_embeddings": true, "sliding_window": 4096, "sliding_window_pattern": 2}},
	{name: "gemma3", family: "gemma3", qkNorm: true, defaults: gemma3Defaults},
	{name: "gemma3_text", family: "gemma3", qkNorm: true, defaults: gemma3Defaults},
}

// gemmaFamily is src/models/gemma.cpp; gemma2 and gemma3 (gemma2.cpp,
// gemma3.cpp) add norms behind attention and feed-forward.
var (
	gemmaFamily  = family{name: "gemma", tied: true, block: standardBlock}
	gemma2Family = family{name: "gemma2", tied: true, windowPeriod: 2, defaults: map[string]any{"attention.sliding_window": 4096}, block: slices.Concat(standardBlock, postNorms)}
	gemma3Family = family{name: "gemma3", windowPeriod: 6, block: slices.Concat(standardBlock, postNorms)}
)
