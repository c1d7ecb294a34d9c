package llamacpp

import "slices"

// src/models/olmo2.cpp norms behind the projections, queries and keys over all
// heads at once. OLMo 3 is the same with windows.
var _ = register(&Family{
	Name: "olmo2", hidden: queryWidthOf, untied: true,
	Window: &Window{Period: 4},
	block:  slices.Concat([]part{attentionRows, attentionBias, wideNorms}, feedForward, postNorms),
	Graph:  &Graph{Queries: rotated(0), Activation: 1, Picks: 2},
})
