package llamacpp

import "slices"

// src/models/lfm2moe.cpp: lfm2 with experts behind the first layers.
var _ = register(&Family{
	Name: "lfm2moe", zeroKVHeads: true, hidden: unchanged, keepHeads: true, outputNorm: "token_embd_norm.weight",
	Window: &Window{},
	keys:   slices.Concat(shortConvKeys, []key{{"leading_dense_block_count", leadingDense}, sigmoidGating}),
	block:  slices.Concat([]part{shortConvRows}, standardBlock, []part{routerBiasRow}),
	Graph:  &Graph{Queries: rotated(0), Activation: 1, Router: 4, Normed: true, Picks: 2},
})
