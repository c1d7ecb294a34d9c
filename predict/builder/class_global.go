package builder

import (
	"slices"
	"strings"

	"assay/predict/arch"
	"assay/predict/tensor"
)

func always(*arch.Facts, arch.Layer) bool { return true }

// globalClasses stand once in a model, outside its blocks; the rotary table,
// which is no parameter, also in them (llama 2's first checkpoints). A tied head
// has no tensor of its own and multiplies with the embedding.
var globalClasses = []Class{
	{
		Name: "TokenEmbeddingLayer", Label: "token_embedding", Does: "one row of the vocabulary per token",
		Where: Outside, is: always,
		Slots: []Slot{{Name: "embedding", Kinds: []string{"token_embd"}, Use: Lookup, Split: Vocabulary, Along: "vocab_size"}},
		specs: []spec{{"hidden_size", hiddenSize, inputs("embedding")}, {"vocab_size", vocabSize, outputs("embedding")}},
	},
	{
		Name: "OutputHeadLayer", Label: "output_head", Does: "scores the vocabulary; tied to the embedding where it has no tensor",
		Where: Outside, is: always,
		Slots: []Slot{{Name: "head", Kinds: []string{"output"}, Use: Product, Split: Logits, Along: "vocab_size"}},
		specs: []spec{{"hidden_size", hiddenSize, inputs("head")}, {"vocab_size", vocabSize, outputs("head")}},
	},
	{
		Name: "RotaryTableLayer", Label: "rotary_table", Does: "stored frequencies of the rotary embedding",
		Where: Anywhere, PerTensor: true, is: always,
		Slots: []Slot{{Name: "frequencies", Kinds: []string{"rope_freqs", "rope_factors_long", "rope_factors_short", "rope_inv_freq"},
			Use: Vector, Split: Replicated}},
	},
}

// outputScaleClass is Gemma 4's: one number that a block's result is multiplied by.
var outputScaleClass = Class{
	Name: "OutputScaleLayer", Label: "output_scale", Does: "multiplies the block's result by one number",
	Where: InBlocks, PerTensor: true, is: always,
	Slots: []Slot{{Name: "scale", Kinds: []string{"layer_output_scale"}, Use: Vector, Split: Replicated}},
}

// layerNormTypes are the model types whose norms subtract the mean without
// adding a bias that would show it (transformers 5.23.0, modeling_cohere*.py).
var layerNormTypes = map[string]bool{"cohere": true, "cohere2": true}

// normSlot is every norm beside those inside attention and state-space layers.
var normSlot = Slot{Name: "norm",
	Kinds: []string{"attn_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm", "pre_ffw_norm_2", "post_ffw_norm_1",
		"post_ffw_norm_2", "output_norm", "token_embd_norm"},
	Use: Vector, Split: Replicated}

func normClass(name, does string, is func(*arch.Facts, arch.Layer) bool) Class {
	return Class{Name: name, Label: "norm", Does: does, Where: Anywhere, PerTensor: true, Slots: []Slot{normSlot}, is: is,
		specs: []spec{{"hidden_size", hiddenSize, length("norm")}}}
}

func isLayerNorm(f *arch.Facts, _ arch.Layer) bool {
	return layerNormTypes[f.ModelType] || hasNormBias(f.Tensors)
}

// normClasses stand in blocks and outside them.
var normClasses = []Class{
	normClass("LayerNormLayer", "subtracts the mean, divides by the deviation, scales", isLayerNorm),
	normClass("RMSNormLayer", "divides by the root mean square, scales",
		func(f *arch.Facts, l arch.Layer) bool { return !isLayerNorm(f, l) }),
}

// hasNormBias says whether any norm of the table has a bias.
func hasNormBias(table []arch.Tensor) bool {
	return slices.ContainsFunc(table, func(t arch.Tensor) bool {
		if !strings.HasSuffix(t.Name, "bias") { // asked for every block: names are taken apart only where it can matter
			return false
		}
		p := tensor.PlaceOf(t.Name)
		return p.Suffix == tensor.Bias && p.Tower == "" && normSlot.takes(p.Kinds())
	})
}
