package llamacpp

// The Qwen 2 loaders (src/models/qwen2.cpp, qwen2moe.cpp) insist on attn_q of
// hidden × hidden, the Qwen 3 ones take any hidden size.
var (
	qwen2Family    = Family{Name: "qwen2", hidden: queryWidthOf, block: standardBlock}
	qwen2moeFamily = Family{Name: "qwen2moe", hidden: queryWidthOf, untied: true, block: standardBlock}
	qwen3Family    = Family{Name: "qwen3", block: standardBlock}
	qwen3moeFamily = Family{Name: "qwen3moe", block: standardBlock}
)
