package llamacpp

import "slices"

// src/models/nemotron-h.cpp: each layer is one of mixer, attention and MLP (ReLU,
// squared), with one norm.
var _ = register(&Family{
	Name: "nemotron_h", zeroKVHeads: true, layerNorm: true, bothEpsilons: true, keys: ssmKeys,
	block: slices.Concat([]part{attnNorm, mamba2Rows, mamba2Norm, attentionRows, attentionBias}, feedForward),
	Tail:  Tail{LateSince: "b6673", JoinedUntil: "b10361", JoinedSince: "b11548"},
	Graph: &Graph{Queries: unrotated, Activation: 2, Picks: 2},
})
