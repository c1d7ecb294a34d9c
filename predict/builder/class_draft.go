package builder

// draftClasses are what a block has that predicts tokens beyond the next, beside
// attention, MLP and norms (DeepSeek-V3, arXiv 2412.19437; Qwen3-Next's module
// "mtp", whose embedding and head are the model's own).
var draftClasses = []Class{{
	Name: "DraftInputLayer", Label: "draft_input", Where: Drafting,
	Does: "joins a token's last state with the next token's embedding, for multi-token prediction",
	is:   always,
	Slots: []Slot{
		{Name: "projection", GGUF: `nextn\.eh_proj`, HF: `eh_proj|fc`, Use: Product, Split: Columns, Along: "hidden_size"},
		{Name: "norms", GGUF: `nextn\.(enorm|hnorm|shared_head_norm)`, HF: `enorm|hnorm|shared_head\.norm|pre_fc_norm_(embedding|hidden)|norm`, Use: Vector, Split: Replicated},
		{Name: "embedding", GGUF: `nextn\.embed_tokens`, HF: `embed_tokens`, Use: Lookup, Split: Vocabulary, Along: "vocab_size"},
		{Name: "head", GGUF: `nextn\.shared_head_head`, HF: `shared_head\.head`, Use: Product, Split: Logits, Along: "vocab_size"},
	},
	specs: []spec{{"hidden_size", hiddenSize, outputs("projection")}, {"vocab_size", vocabSize, outputs("embedding")}},
}}
