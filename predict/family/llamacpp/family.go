// Package llamacpp is what llama.cpp's loader expects of each architecture: its
// tensors, its metadata, its windows, and the smallest model with the same cache.
// It must not know what any of it costs, nor where facts come from.
package llamacpp

import (
	"assay/predict/arch"
)

// Family is what llama.cpp's loader expects of one architecture, read from
// src/models/*.cpp of v0.5.0: the tensors of a block, the metadata beyond what
// every architecture has, and what a skeleton cannot shrink.
type Family struct {
	Name string
	// block and global are the tensors beside token_embd, output_norm and output.
	block  []part
	global []part
	// draft are the tensors of a block that predicts further tokens, beside
	// those of the last block; empty: not known.
	draft []part
	// keys are the family's own metadata, without the "<arch>." in front.
	keys []key

	// hidden is the smallest hidden size beside these layers; nil: any will do.
	hidden func(layers *arch.Facts, full int64) int64
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
	// Chunk: attention is chunked at this size, whatever the key says.
	Chunk int64
	// OwnCache: layers from this one on read the cache of the last layer before
	// it that has the same kind of window; 0: all have their own.
	OwnCache int
	// Scaled, weighed: as of a modelType.
	Scaled, Weighed bool
	// tied: the loader never reads an output head. untied: it insists on one.
	tied, untied bool
	// WindowPeriod is the pattern that the loader assumes when a window is given
	// and attention.sliding_window_pattern is not: the last layer of each period
	// is global. 0: the loader has no windows, whatever the config says.
	WindowPeriod int
	// Defaults are metadata keys that the loader has a value of its own for.
	Defaults map[string]any
}

// Families are the architectures with a known GGUF shape.
var Families = byName(
	&llamaFamily,
	&qwen2Family, &qwen2moeFamily, &qwen3Family, &qwen3moeFamily,
	&gemmaFamily, &gemma2Family, &gemma3Family, &gemma3nFamily,
	&gptOssFamily, &deepseek2Family,
	&mamba2Family, &falconH1Family, &graniteHybridFamily, &nemotronHFamily, &lfm2Family, &qwen3nextFamily,
	&phi3Family, &cohere2Family, &olmo2Family, &graniteFamily, &smollm3Family, &llama4Family,
)

// queryWidthOf is the hidden size of a loader that wants attn_q of hidden × hidden.
func queryWidthOf(f *arch.Facts, full int64) int64 {
	a := f.FirstAttention()
	if a == nil {
		return full
	}
	return a.Heads * a.KeyDim
}

// halfOfInner is the hidden size of a loader that asserts an expansion of two.
func halfOfInner(f *arch.Facts, full int64) int64 {
	r := f.FirstRecurrent()
	if r == nil {
		return full
	}
	return r.Inner / 2
}

func unchanged(_ *arch.Facts, full int64) int64 { return full }

func byName(list ...*Family) map[string]*Family {
	out := map[string]*Family{}
	for _, f := range list {
		out[f.Name] = f
	}
	return out
}
