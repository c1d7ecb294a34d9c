package llamacpp

import (
	"slices"

	"assay/predict/arch"
)

// ropeSections are how M-RoPE divides the rotated dimensions; the converter's own
// where a config says nothing (conversion/qwen.py of b11063). They change no shape.
var ropeSections = key{"rope.dimension_sections", func(*arch.Facts) any { return []uint32{11, 11, 10, 0} }}

// alphaAndBeta are qwen3next's ssm_ba in two.
var alphaAndBeta = part{isRecurrent("gated-delta"), []row{
	tensor("ssm_beta.weight", hidden, ssmHeads),
	tensor("ssm_alpha.weight", hidden, ssmHeads),
}}

var qwen35Block = slices.Concat([]part{attnNorm, gatedDeltaRows, alphaAndBeta, gatedAttentionRows, headNorms,
	{nil, []row{tensor("post_attention_norm.weight", hidden)}}}, feedForward)

// src/models/qwen35.cpp and qwen35moe.cpp: qwen3next with M-RoPE, and a dense MLP
// in the first.
var (
	_ = register(qwen35("qwen35"))
	_ = register(qwen35("qwen35moe"))
)

func qwen35(name string) *Family {
	return &Family{
		Name: name, keys: slices.Concat(ssmKeys, []key{{"full_attention_interval", attentionInterval}, ropeSections}),
		block: qwen35Block,
		Tail:  Tail{LateSince: "b10361", LateUntil: "b11548"},
		Gaps:  map[string]string{"graph": gatedDeltaGap},
	}
}
