package llamacpp

// src/models/gemma.cpp scales embeddings and queries.
var _ = register(&Family{
	Name: "gemma", tied: true, block: standardBlock,
	Graph: &Graph{Embedding: 1, Queries: rotated(1), Activation: 1, Picks: 2},
})
