package llamacpp

import "slices"

// src/models/cohere2.cpp runs attention and MLP side by side behind one norm, so
// the norm's rows are picked too.
var _ = register(&Family{
	Name: "cohere2", hidden: queryWidthOf, tied: true, layerNorm: true,
	Window: &Window{Period: 4},
	keys:   []key{logitScale},
	block:  slices.Concat([]part{attnNorm, attentionRows, attentionBias}, feedForward),
	Graph:  &Graph{Queries: windowRotated, Head: 1, Activation: 1, Picks: 3},
})
