package llamacpp

// src/models/qwen2moe.cpp insists on attn_q of hidden × hidden.
var _ = register(&Family{
	Name: "qwen2moe", hidden: queryWidthOf, untied: true, block: standardBlock,
	Graph: &Graph{Queries: rotated(0), Activation: 1, Router: 4, Picks: 2},
})
