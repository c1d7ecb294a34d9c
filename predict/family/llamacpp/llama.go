package llamacpp

// src/models/llama.cpp takes any hidden size beside an explicit head dimension.
var _ = register(&Family{
	Name: "llama", expertWidthIsDense: true, block: standardBlock,
	Graph: &Graph{Queries: rotated(0), Activation: 1, Router: 4, Normed: true, Picks: 2},
})
