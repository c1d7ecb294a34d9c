package llamacpp

// src/models/qwen3moe.cpp takes any hidden size.
var _ = register(&Family{
	Name: "qwen3moe", block: standardBlock,
	Graph: &Graph{Queries: rotated(0), Activation: 1, Router: 4, Normed: true, Picks: 2},
})
