package arch

// family is what llama.cpp's loader expects of one architecture, read from
// src/models/*.cpp of v0.5.0: the tensors of a block, the metadata beyond what
// every architecture has, and what a skeleton cannot shrink.
type family struct {
	name string
	// block and global are the tensors beside token_embd, output_norm and output.
	block  []part
	global []part
	// draft are the tensors of a block that predicts further tokens, beside
	// those of the last block; empty: not known.
	draft []part
	// keys are the family's own metadata, without the "<arch>." in front.
	keys []key

	// hidden is the smallest hidden size beside these layers; nil: any will do.
	hidden func(layers *Facts, full int64) int64
	// zeroKVHeads: layers whose KV head count is 0 are the ones without attention.
	zeroKVHeads bool
	// keepHeads: the query heads cannot shrink, as the hidden size hangs on them.
	keepHeads bool
	// outputNorm is the name of the last norm where it is not output_norm.weight.
	outputNorm string
	// layerNorm: norms are LayerNorm, and the epsilon has that key.
	layerNorm bool
	// expertWidthIsDense: feed_forward_length is the experts' width.
	expertWidthIsDense bool
	// chunk: attention is chunked at this size, whatever the key says.
	chunk int64
	// ownCache: layers from this one on read the cache of the last layer before
	// it that has the same kind of window; 0: all have their own.
	ownCache int
	// scaled, weighed: as of a modelType.
	scaled, weighed bool
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
	&gemmaFamily, &gemma2Family, &gemma3Family, &gemma3nFamily,
	&gptOssFamily, &deepseek2Family,
	&mamba2Family, &falconH1Family, &graniteHybridFamily, &nemotronHFamily, &lfm2Family, &qwen3nextFamily,
	&phi3Family, &cohere2Family, &olmo2Family, &graniteFamily, &smollm3Family, &llama4Family,
)

// queryWidthOf is the hidden size of a loader that wants attn_q of hidden × hidden.
func queryWidthOf(f *Facts, full int64) int64 {
	a := f.attention()
	if a == nil {
		return full
	}
	return a.Heads * a.KeyDim
}

// halfOfInner is the hidden size of a loader that asserts an expansion of two.
func halfOfInner(f *Facts, full int64) int64 {
	r := f.recurrent()
	if r == nil {
		return full
	}
	return r.Inner / 2
}

func unchanged(_ *Facts, full int64) int64 { return full }

// attention is the first attention layer's part, nil in a recurrent model.
func (f *Facts) attention() *Attention {
	for i := range f.Layers {
		if a := f.Layers[i].Attention; a != nil {
			return a
		}
	}
	return nil
}

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
