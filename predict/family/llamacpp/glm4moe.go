package llamacpp

import "slices"

// src/models/glm4-moe.cpp. Files have the block that predicts further tokens, too
// (Glm4MoeModel, conversion/glm.py of b11063); a skeleton does without.
var _ = register(&Family{
	Name:    "glm4moe",
	Weighed: true,
	draft:   []part{draftRows},
	block: slices.Concat([]part{attnNorm, attentionRows, attentionBias, headNorms,
		{nil, []row{tensor("post_attention_norm.weight", hidden)}}}, feedForward, []part{routerBiasRow}),
	keys: slices.Concat(weighingKeys, []key{
		{"leading_dense_block_count", leadingDense},
		{"expert_shared_count", sharedCount},
	}),
	Graph: &Graph{Queries: rotated(0), Activation: 1, Router: 4, Picks: 2},
})
