package llamacpp

import (
	"slices"

	"assay/predict/arch"
)

// src/models/qwen3next.cpp.
var _ = register(&Family{
	Name: "qwen3next", keys: slices.Concat(ssmKeys, []key{{"full_attention_interval", attentionInterval}}),
	block: slices.Concat([]part{attnNorm, gatedDeltaRows, alphaWithBeta, gatedAttentionRows, headNorms,
		{nil, []row{tensor("post_attention_norm.weight", hidden)}}}, feedForward),
	Tail: Tail{LateSince: "b10361", LateUntil: "b11548"},
	Gaps: map[string]string{"graph": gatedDeltaGap},
})

const gatedDeltaGap = "the gated delta net is one operation or many by release, and no rule here counts its nodes"

// attentionInterval is the distance of the attention layers, counted from the first.
func attentionInterval(f *arch.Facts) any {
	for i := range f.Layers {
		if f.Layers[i].Attention != nil {
			return uint32(i + 1)
		}
	}
	return nil
}
