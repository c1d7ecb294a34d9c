package config

// withDefaults copies defaults and sets one more.
func withDefaults(base map[string]any, key string, data any) map[string]any {
	out := map[string]any{key: data}
	for k, v := range base {
		out[k] = v
	}
	return out
}

// qwenDefaults: Qwen's classes turn a window off unless the config asks for it,
// and then leave the first max_window_layers layers global.
var qwenDefaults = map[string]any{"use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28}

// qwenTypes: Qwen 1.5 to 3. Qwen 3 dropped the biases and gained norms on
// queries and keys.
var qwenTypes = []ModelType{
	{Name: "qwen2", Family: "qwen2", bias: true, Defaults: qwenDefaults},
	{Name: "qwen2_moe", Family: "qwen2moe", bias: true, sharedGate: true, Defaults: qwenDefaults},
	{Name: "qwen3", Family: "qwen3", qkNorm: true, Defaults: withDefaults(qwenDefaults, "head_dim", 128)},
	{Name: "qwen3_moe", Family: "qwen3moe", qkNorm: true, Defaults: qwenDefaults},
}
