package llamacpp

import (
	"slices"

	"assay/predict/arch"
)

// src/models/lfm2.cpp: the convolution's state is as wide as the hidden size, and
// attn_q is hidden × hidden, so neither can shrink.
var _ = register(&Family{
	Name: "lfm2", zeroKVHeads: true, hidden: unchanged, keepHeads: true, outputNorm: "token_embd_norm.weight",
	Window: &Window{},
	keys:   shortConvKeys,
	block:  slices.Concat([]part{shortConvRows}, standardBlock),
	Graph:  &Graph{Queries: rotated(0), Activation: 1, Picks: 2},
})

var shortConvKeys = []key{{"shortconv.l_cache", recurrentKey(func(r *arch.Recurrent) int64 { return r.ConvKernel })}}
