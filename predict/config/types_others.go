package config

var gptOssTypes = []ModelType{
	{Name: "gpt_oss", Family: "gpt-oss", bias: true, sinks: true,
		names:    map[string][]string{"experts.intermediate": {"intermediate_size"}},
		Defaults: map[string]any{"head_dim": 64, "sliding_window": 128, "sliding_window_pattern": 2}},
}

// otherTypes differ from Llama's blocks in a norm, a fusion or a period.
var otherTypes = []ModelType{
	{Name: "phi3", Family: "phi3"},
	{Name: "cohere2", Family: "cohere2", Defaults: map[string]any{
		"sliding_window": 4096, "sliding_window_pattern": 4, "tie_word_embeddings": true}},
	{Name: "ministral3", Family: "mistral3"},
	{Name: "glm4_moe", Family: "glm4moe", saysQKNorm: true, routerBias: true, Weighed: true},
	{Name: "olmo2", Family: "olmo2", qkNorm: true},
	{Name: "granite", Family: "granite", Scaled: true, Defaults: graniteDefaults},
	{Name: "smollm3", Family: "smollm3", Defaults: map[string]any{
		"use_sliding_window": false, "tie_word_embeddings": true}},
	{Name: "llama4", Family: "llama4", names: llama4Names, Defaults: llama4Defaults},
	{Name: "llama4_text", Family: "llama4", names: llama4Names, Defaults: llama4Defaults},
}

// graniteDefaults hold for all Granite models; llama.cpp's loader needs the scale.
var graniteDefaults = map[string]any{"logits_scaling": 1}
