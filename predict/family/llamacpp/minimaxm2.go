package llamacpp

import "slices"

// src/models/minimax-m2.cpp norms queries and keys over all heads at once.
var _ = register(&Family{
	Name: "minimax-m2", untied: true, keys: []key{sigmoidGating},
	block: slices.Concat([]part{attnNorm, attentionRows, wideNorms, feedNorm}, feedForward, []part{routerBiasRow}),
	Graph: &Graph{Queries: rotated(0), Activation: 1, Router: 4, Normed: true, Picks: 2},
})
