package llamacpp

// src/models/smollm3.cpp leaves every fourth layer without rotary embedding.
var _ = register(&Family{
	Name: "smollm3", block: standardBlock,
	Graph: &Graph{Queries: threeOfFour, Activation: 1, Picks: 2},
})
