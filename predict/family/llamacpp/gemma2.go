package llamacpp

import "slices"

// src/models/gemma2.cpp adds norms behind attention and feed-forward, and caps
// scores and logits (SCALE, TANH, SCALE).
var _ = register(&Family{
	Name: "gemma2", tied: true, block: slices.Concat(standardBlock, postNorms),
	Window: &Window{Period: 2, Absent: 4096},
	Graph:  &Graph{Embedding: 1, Queries: rotated(1), Plain: 3, Head: 3, Activation: 1, Picks: 2},
})
