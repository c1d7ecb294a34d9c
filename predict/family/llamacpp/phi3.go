package llamacpp

// src/models/phi3.cpp fuses q, k and v, and gate and up; queries are scaled. v is
// a view of a wider product, that plain attention copies before it transposes it.
// The window is read, warned about and dropped.
var _ = register(&Family{
	Name: "phi3", hidden: queryWidthOf,
	block: []part{
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
	},
	Graph: &Graph{Queries: rotated(1), Plain: 1, Activation: 1, Picks: 2},
})
