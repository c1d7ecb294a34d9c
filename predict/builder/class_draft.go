package builder

// draftClasses are what a block has that predicts tokens beyond the next, beside
// attention, MLP and norms (DeepSeek-V3, arXiv 2412.19437; Qwen3-Next's module
// "mtp", whose embedding and head are the model's own).
var draftClasses = []Class{{
	Name: "DraftInputLayer", Label: "draft_input", Where: Drafting,
	Does: "joins a token's last state with the next token's embedding, for multi-token prediction",
	is:   always,
	Slots: []Slot{
		{Name: "projection", Kinds: []string{"nextn.eh_proj"}, Use: Product, Split: Columns, Along: "hidden_size"},
		{Name: "norms", Kinds: []string{"nextn.enorm", "nextn.hnorm", "nextn.shared_head_norm"}, Use: Vector, Split: Replicated},
		{Name: "embedding", Kinds: []string{"nextn.embed_tokens"}, Use: Lookup, Split: Vocabulary, Along: "vocab_size"},
		{Name: "head", Kinds: []string{"nextn.shared_head_head"}, Use: Product, Split: Logits, Along: "vocab_size"},
	},
	specs: []spec{{"hidden_size", hiddenSize, outputs("projection")}, {"vocab_size", vocabSize, outputs("embedding")}},
}}
