package arch

// family is what llama.cpp's loader expects of one architecture, read from
// src/models/*.cpp of v0.5.0: the tensors of a block, the metadata beyond what
// every architecture has, and what a skeleton cannot shrink.
type family struct {
	name string
	// block and global are the tensors beside token_embd, output_norm and output.
	block  []part
	global []part
	// keys are the family's own metadata, without the "<arch>." in front.
	keys []key

	// square: the loader wants attn_q of hidden × hidden, so hidden is query
	// heads × head dimension.
	square bool
	// tied: the loader never reads an output head. untied: it insists on one.
	tied, untied bool
	// windowPeriod is the pattern that the loader assumes when a window is given
	// and attention.sliding_window_pattern is not: the last layer of each period
	// is global. 0: the loader has no windows, whatever the config says.
	windowPeriod int
	// defaults are metadata keys that the loader has a value of its own for.
	defaults map[string]any
}

// families are the architectures with a known GGUF shape.
var families = byName(
	&llamaFamily,
	&qwen2Family, &qwen2moeFamily, &qwen3Family, &qwen3moeFamily,
	&gemmaFamily, &gemma2Family, &gemma3Family,
)

func byName(list ...*family) map[string]*family {
	out := map[string]*family{}
	for _, f := range list {
		out[f.name] = f
	}
	return out
}

// withDefaults copies defaults and sets one more.
func withDefaults(base map[string]any, key string, data any) map[string]any {
	out := map[string]any{key: data}
	for k, v := range base {
		out[k] = v
	}
	return out
}
