package arch

import "slices"

// otherTypes differ from Llama's blocks in a norm, a fusion or a period.
var otherTypes = []modelType{
	{name: "phi3", family: "phi3"},
	{name: "cohere2", family: "cohere2", defaults: map[string]any{
		"sliding_window": 4096, "sliding_window_pattern": 4, "tie_word_embeddings": true}},
	{name: "olmo2", family: "olmo2", qkNorm: true},
	{name: "granite", family: "granite", scaled: true, defaults: graniteDefaults},
	{name: "smollm3", family: "smollm3", defaults: map[string]any{
		"use_sliding_window": false, "tie_word_embeddings": true}},
	{name: "llama4", family: "llama4", names: llama4Names, defaults: llama4Defaults},
	{name: "llama4_text", family: "llama4", names: llama4Names, defaults: llama4Defaults},
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

// graniteDefaults hold for all Granite models; llama.cpp's loader needs the scale.
var graniteDefaults = map[string]any{"logits_scaling": 1}

var (
	// phi3Family (src/models/phi3.cpp) fuses q, k and v, and gate and up.
	phi3Family = family{name: "phi3", hidden: queryWidthOf, block: []part{
		attnNorm,
		{hasAttention, []row{
			tensor("attn_qkv.weight", hidden, sum(queryWidth, keyWidth, valueWidth)),
			tensor("attn_output.weight", mixedWidth, hidden),
		}},
		feedNorm,
		{isDense, []row{
			tensor("ffn_up.weight", hidden, times(fixed(2), ffWidth)),
			tensor("ffn_down.weight", ffWidth, hidden),
		}},
	}}
	// cohere2Family (cohere2.cpp) runs attention and MLP side by side behind one norm.
	cohere2Family = family{name: "cohere2", hidden: queryWidthOf, tied: true, layerNorm: true, windowPeriod: 4,
		keys:  []key{logitScale},
		block: slices.Concat([]part{attnNorm, attentionRows, attentionBias}, feedForward)}
	// olmo2Family (olmo2.cpp) norms behind the projections, queries and keys over all heads at once.
	olmo2Family = family{name: "olmo2", hidden: queryWidthOf, untied: true, windowPeriod: 4,
		block: slices.Concat([]part{attentionRows, attentionBias,
			{hasQKNorm, []row{
				tensor("attn_q_norm.weight", queryWidth),
				tensor("attn_k_norm.weight", keyWidth),
			}}}, feedForward, postNorms)}
	graniteFamily = family{name: "granite", scaled: true, expertWidthIsDense: true,
		keys: append([]key{logitScale}, scaleKeys...), block: standardBlock}
	smollm3Family = family{name: "smollm3", block: standardBlock}
	// llama4Family (llama4.cpp) attends in chunks of 8192 whatever the key says.
	llama4Family = family{name: "llama4", windowPeriod: 4, chunk: 8192, block: standardBlock,
		keys: []key{{"interleave_moe_layer_step", moeStep}}}
)

// moeStep is the distance of the routed layers, counted from the first.
func moeStep(f *Facts) any {
	return leadingDense(f).(uint32) + 1
}
