package llamacpp

import (
	"slices"

	"assay/predict/arch"
)

var (
	// phi3Family (src/models/phi3.cpp) fuses q, k and v, and gate and up.
	phi3Family = Family{Name: "phi3", hidden: queryWidthOf, block: []part{
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
	cohere2Family = Family{Name: "cohere2", hidden: queryWidthOf, tied: true, layerNorm: true, WindowPeriod: 4,
		keys:  []key{logitScale},
		block: slices.Concat([]part{attnNorm, attentionRows, attentionBias}, feedForward)}
	// olmo2Family (olmo2.cpp) norms behind the projections, queries and keys over all heads at once.
	olmo2Family = Family{Name: "olmo2", hidden: queryWidthOf, untied: true, WindowPeriod: 4,
		block: slices.Concat([]part{attentionRows, attentionBias,
			{hasQKNorm, []row{
				tensor("attn_q_norm.weight", queryWidth),
				tensor("attn_k_norm.weight", keyWidth),
			}}}, feedForward, postNorms)}
	graniteFamily = Family{Name: "granite", Scaled: true, expertWidthIsDense: true,
		keys: append([]key{logitScale}, scaleKeys...), block: standardBlock}
	smollm3Family = Family{Name: "smollm3", block: standardBlock}
	// llama4Family (llama4.cpp) attends in chunks of 8192 whatever the key says.
	llama4Family = Family{Name: "llama4", WindowPeriod: 4, Chunk: 8192, block: standardBlock,
		keys: []key{{"interleave_moe_layer_step", moeStep}}}
)

// moeStep is the distance of the routed layers, counted from the first.
func moeStep(f *arch.Facts) any {
	return leadingDense(f).(uint32) + 1
}
