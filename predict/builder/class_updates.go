package builder

import "assay/predict/arch"

// updating: Gemma 3n alone keeps several states of a token and updates them
// beside attention and MLP (src/models/gemma3n.cpp of llama.cpp v0.5.0;
// modeling_gemma3n.py of transformers 5.23.0).
func updating(f *arch.Facts, _ arch.Layer) bool { return f.Family == "gemma3n" }

// embedsLayers: every layer has an embedding of its own (Gemma 3n and 4).
func embedsLayers(f *arch.Facts, l arch.Layer) bool { return updating(f, l) || f.PerLayer > 0 }

var updateClasses = []Class{
	{
		Name: "AlternatingUpdatesLayer", Label: "altup", Where: InBlocks,
		Does: "predicts and corrects the states that a token has beside the active one (AltUp, arXiv 2301.13310)",
		is:   updating,
		Slots: []Slot{
			{Name: "router", Kinds: []string{"altup_router"}, Use: Twice, Split: Replicated},
			{Name: "router_norm", Kinds: []string{"altup_router_norm"}, Use: Vector, Split: Replicated},
			{Name: "predict", Kinds: []string{"altup_predict_coef"}, Use: Mixing, Split: Replicated},
			{Name: "correct", Kinds: []string{"altup_correct_coef"}, Use: Product, Split: Replicated},
			{Name: "scale", Kinds: []string{"altup_correct_scale"}, Use: Vector, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("router")}, {"num_states", nil, outputs("router")}},
	},
	{
		Name: "LowRankResidualLayer", Label: "laurel", Where: InBlocks, Does: "a residual through two thin matrices (LAuReL, arXiv 2411.07501)",
		is: updating,
		Slots: []Slot{
			{Name: "left", Kinds: []string{"laurel_l"}, Use: Product, Split: Columns, Along: "rank"},
			{Name: "right", Kinds: []string{"laurel_r"}, Use: Product, Split: Rows, Along: "rank"},
			{Name: "norm", Kinds: []string{"laurel_post_norm"}, Use: Vector, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("left")}, {"rank", nil, outputs("left")}},
	},
	{
		Name: "PerLayerInputLayer", Label: "per_layer_input", Where: InBlocks, Does: "lets the layer's own embedding of a token through a gate",
		is: embedsLayers,
		Slots: []Slot{
			{Name: "gate", Kinds: []string{"inp_gate"}, Use: Product, Split: Columns, Along: "width"},
			{Name: "projection", Kinds: []string{"proj"}, Use: Product, Split: Rows, Along: "width"},
			{Name: "norm", Kinds: []string{"post_norm"}, Use: Vector, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("gate")}, {"width", nil, outputs("gate")}},
	},
	{
		Name: "PerLayerEmbeddingLayer", Label: "per_layer_embedding", Where: Outside,
		Does: "one row of an embedding for all layers, and what the token's own embedding adds to it",
		is:   embedsLayers,
		Slots: []Slot{
			{Name: "embedding", Kinds: []string{"per_layer_token_embd"}, Use: Lookup, Split: Vocabulary, Along: "vocab_size", Padded: true},
			{Name: "projection", Kinds: []string{"per_layer_model_proj"}, Use: Product, Split: Replicated},
			{Name: "norm", Kinds: []string{"per_layer_proj_norm"}, Use: Vector, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("projection")}, {"vocab_size", nil, outputs("embedding")},
			{"width", nil, inputs("embedding")}},
	},
	{
		Name: "StateProjectionLayer", Label: "altup_projection", Where: Outside,
		Does: "makes a token's other states of its embedding, and one of them again before the head",
		is:   updating,
		Slots: []Slot{
			{Name: "spread", Kinds: []string{"altup_proj"}, Use: Product, Split: Replicated},
			{Name: "gather", Kinds: []string{"altup_unembd_proj"}, Use: Product, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("spread")}},
	},
}
