package builder

import "assay/predict/arch"

// updating: Gemma 3n alone keeps several states of a token and updates them
// beside attention and MLP (src/models/gemma3n.cpp of llama.cpp v0.5.0;
// modeling_gemma3n.py of transformers 5.23.0).
func updating(f *arch.Facts, _ arch.Layer) bool { return f.Family == "gemma3n" }

var updateClasses = []Class{
	{
		Name: "AlternatingUpdatesLayer", Label: "altup", Where: InBlocks, Does: "predicts and corrects the states that a token has beside the active one (AltUp, arXiv 2301.13310)",
		is: updating,
		Slots: []Slot{
			{Name: "router", GGUF: `altup_router`, HF: `altup\.modality_router`, Use: Twice, Split: Replicated},
			{Name: "router_norm", GGUF: `altup_router_norm`, HF: `altup\.router_norm`, Use: Vector, Split: Replicated},
			{Name: "predict", GGUF: `altup_predict_coef`, HF: `altup\.prediction_coefs`, Use: Mixing, Split: Replicated},
			{Name: "correct", GGUF: `altup_correct_coef`, HF: `altup\.correction_coefs`, Use: Product, Split: Replicated},
			{Name: "scale", GGUF: `altup_correct_scale`, HF: `altup\.correct_output_scale`, Use: Vector, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("router")}, {"num_states", nil, outputs("router")}},
	},
	{
		Name: "LowRankResidualLayer", Label: "laurel", Where: InBlocks, Does: "a residual through two thin matrices (LAuReL, arXiv 2411.07501)",
		is: updating,
		Slots: []Slot{
			{Name: "left", GGUF: `laurel_l`, HF: `laurel\.linear_left`, Use: Product, Split: Columns, Along: "rank"},
			{Name: "right", GGUF: `laurel_r`, HF: `laurel\.linear_right`, Use: Product, Split: Rows, Along: "rank"},
			{Name: "norm", GGUF: `laurel_post_norm`, HF: `laurel\.post_laurel_norm`, Use: Vector, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("left")}, {"rank", nil, outputs("left")}},
	},
	{
		Name: "PerLayerInputLayer", Label: "per_layer_input", Where: InBlocks, Does: "lets the layer's own embedding of a token through a gate",
		is: updating,
		Slots: []Slot{
			{Name: "gate", GGUF: `inp_gate`, HF: `per_layer_input_gate`, Use: Product, Split: Columns, Along: "width"},
			{Name: "projection", GGUF: `proj`, HF: `per_layer_projection`, Use: Product, Split: Rows, Along: "width"},
			{Name: "norm", GGUF: `post_norm`, HF: `post_per_layer_input_norm`, Use: Vector, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("gate")}, {"width", nil, outputs("gate")}},
	},
	{
		Name: "PerLayerEmbeddingLayer", Label: "per_layer_embedding", Where: Outside, Does: "one row of an embedding for all layers, and what the token's own embedding adds to it",
		is: updating,
		Slots: []Slot{
			{Name: "embedding", GGUF: `per_layer_token_embd`, HF: `embed_tokens_per_layer`, Use: Lookup, Split: Vocabulary, Along: "vocab_size", Padded: true},
			{Name: "projection", GGUF: `per_layer_model_proj`, HF: `per_layer_model_projection`, Use: Product, Split: Replicated},
			{Name: "norm", GGUF: `per_layer_proj_norm`, HF: `per_layer_projection_norm`, Use: Vector, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("projection")}, {"vocab_size", nil, outputs("embedding")}, {"width", nil, inputs("embedding")}},
	},
	{
		Name: "StateProjectionLayer", Label: "altup_projection", Where: Outside, Does: "makes a token's other states of its embedding, and one of them again before the head",
		is: updating,
		Slots: []Slot{
			{Name: "spread", GGUF: `altup_proj`, HF: `altup_projections\.\d+`, Use: Product, Split: Replicated},
			{Name: "gather", GGUF: `altup_unembd_proj`, HF: `altup_unembed_projections\.\d+`, Use: Product, Split: Replicated},
		},
		specs: []spec{{"hidden_size", hiddenSize, inputs("spread")}},
	},
}
