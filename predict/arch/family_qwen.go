package arch

// qwenDefaults: Qwen's classes turn a window off unless the config asks for it,
// and then leave the first max_window_layers layers global.
var qwenDefaults = map[string]any{"use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28}

// qwenTypes: Qwen 1.5 to 3. Qwen 3 dropped the biases and gained norms on
// queries and keys.
var qwenTypes = []modelType{
	{name: "qwen2", family: "qwen2", bias: true, defaults: qwenDefaults},
	{name: "qwen2_moe", family: "qwen2moe", bias: true, sharedGate: true, defaults: qwenDefaults},
	{name: "qwen3", family: "qwen3", qkNorm: true, defaults: withDefaults(qwenDefaults, "head_dim", 128)},
	{name: "qwen3_moe", family: "qwen3moe", qkNorm: true, defaults: qwenDefaults},
}

// The Qwen 2 loaders (src/models/qwen2.cpp, qwen2moe.cpp) insist on attn_q of
// hidden × hidden, the Qwen 3 ones take any hidden size.
var (
	qwen2Family    = family{name: "qwen2", hidden: queryWidthOf, block: standardBlock}
	qwen2moeFamily = family{name: "qwen2moe", hidden: queryWidthOf, untied: true, block: standardBlock}
	qwen3Family    = family{name: "qwen3", block: standardBlock}
	qwen3moeFamily = family{name: "qwen3moe", block: standardBlock}
)
