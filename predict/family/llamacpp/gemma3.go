package llamacpp

import "slices"

// src/models/gemma3.cpp adds norms behind attention and feed-forward.
var _ = register(&Family{
	Name: "gemma3", block: slices.Concat(standardBlock, postNorms),
	Window: &Window{Period: 6},
	Graph:  &Graph{Embedding: 1, Queries: rotated(1), Activation: 1, Picks: 2},
})
