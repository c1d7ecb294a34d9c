package llamacpp

import "slices"

// src/models/nemotron-h-moe.cpp: nemotron_h whose MLPs are experts and a shared one.
var _ = register(&Family{
	Name: "nemotron_h_moe", zeroKVHeads: true, layerNorm: true, bothEpsilons: true,
	Weighed: true,
	keys:    slices.Concat(ssmKeys, weighingKeys),
	block:   slices.Concat([]part{attnNorm, mamba2Rows, mamba2Norm, attentionRows, attentionBias}, feedForward, []part{routerBiasRow}),
	Tail:    Tail{LateSince: "b6673", JoinedUntil: "b10361", JoinedSince: "b11548"},
	// The squares of the experts and of the shared one stand with the router.
	Graph: &Graph{Queries: unrotated, Activation: 2, Router: 6, Picks: 2},
})
