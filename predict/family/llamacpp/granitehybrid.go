package llamacpp

import "slices"

// src/models/granite-hybrid.cpp asserts an inner width of twice the hidden size.
var _ = register(&Family{
	Name: "granitehybrid", Scaled: true, zeroKVHeads: true, hidden: halfOfInner, expertWidthIsDense: true,
	keys:  slices.Concat(ssmKeys, []key{mayScaleLogits}, scaleKeys),
	block: slices.Concat([]part{mamba2Rows, mamba2Norm}, standardBlock),
	Graph: &Graph{Queries: ropeOn, Activation: 1, Router: 4, Normed: true, Picks: 2},
})
