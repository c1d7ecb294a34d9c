package arch

import "slices"

var gptOssTypes = []modelType{
	{name: "gpt_oss", family: "gpt-oss", bias: true, sinks: true,
		names:    map[string][]string{"experts.intermediate": {"intermediate_size"}},
		defaults: map[string]any{"head_dim": 64, "sliding_window": 128, "sliding_window_pattern": 2}},
}

func hasSinks(s scope) bool { return hasAttention(s) && s.layer.Attention.Sinks }

// gptOssFamily is src/models/openai-moe.cpp: attention sinks, and biases on
// every projection and expert; the norm behind attention is the MLP's own.
var gptOssFamily = family{
	name: "gpt-oss", untied: true, windowPeriod: 2,
	block: slices.Concat([]part{
		attnNorm, attentionRows, attentionBias,
		{hasBias, []row{tensor("attn_output.bias", hidden)}},
		{hasSinks, []row{tensor("attn_sinks.weight", heads)}},
		{nil, []row{tensor("post_attention_norm.weight", hidden)}},
		{isRouted, []row{
			tensor("ffn_gate_inp.bias", expertCount),
			tensor("ffn_gate_exps.bias", expertWidth, expertCount),
			tensor("ffn_up_exps.bias", expertWidth, expertCount),
			tensor("ffn_down_exps.bias", hidden, expertCount),
		}},
	}, feedForward),
}
