package llamacpp

// src/models/qwen3.cpp takes any hidden size.
var _ = register(&Family{
	Name: "qwen3", block: standardBlock,
	Graph: &Graph{Queries: rotated(0), Activation: 1, Picks: 2},
})
