package llamacpp

import (
	"slices"
)

func hasSinks(s scope) bool { return hasAttention(s) && s.layer.Attention.Sinks }

// src/models/openai-moe.cpp: attention sinks, and biases on
// every projection and expert; the norm behind attention is the MLP's own.
var _ = register(&Family{
	Name: "gpt-oss", untied: true,
	Window: &Window{Period: 2},
	Tail:   Tail{LateSince: "b10361", LateUntil: "b11548", BeforeNorm: true},
	// The chosen scores alone go through a softmax.
	Graph: &Graph{Queries: rotated(0), Router: 4, Picks: 2},
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
})
