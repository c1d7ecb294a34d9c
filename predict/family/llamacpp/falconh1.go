package llamacpp

import "slices"

// src/models/falcon-h1.cpp: both mixers in every layer, the norm in front made
// once for each, and a feed-forward norm that carries no ".weight".
var _ = register(&Family{
	Name: "falcon-h1", keys: ssmKeys,
	block: slices.Concat([]part{
		attnNorm, mamba2Rows, attentionRows, attentionBias,
		{hasFeedForward, []row{tensor("ffn_norm", hidden)}},
	}, feedForward),
	Graph: &Graph{Queries: rotated(2), Activation: 1, Picks: 1},
})
