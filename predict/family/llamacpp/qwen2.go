package llamacpp

// src/models/qwen2.cpp insists on attn_q of hidden × hidden.
var _ = register(&Family{
	Name: "qwen2", hidden: queryWidthOf, block: standardBlock,
	Graph: &Graph{Queries: rotated(0), Activation: 1, Picks: 2},
})
