package llamacpp

// src/models/mistral3.cpp is llama's with a temperature of the scores, which a
// skeleton does without: it changes no shape.
var _ = register(&Family{
	Name: "mistral3", block: standardBlock,
	Graph: &Graph{Queries: rotated(0), Activation: 1, Router: 4, Normed: true, Picks: 2},
})
