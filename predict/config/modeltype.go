package config

import (
	"maps"
	"slices"

	"assay/predict/arch"
)

// TypeOf is Hugging Face's name of a llama.cpp family: the first model
// type listed for it.
func TypeOf(family string) string {
	for _, group := range typeGroups {
		for _, t := range group {
			if t.Family == family && family != "" {
				return t.Name
			}
		}
	}
	return ""
}

// defaultsSource is where the defaults of the model types were read from.
const defaultsSource = "transformers 5.23.0"

// ModelType is a Hugging Face model type: what its config leaves unsaid. The
// keys a config does state are read the same way for every type.
type ModelType struct {
	Name   string
	Family string // llama.cpp's name of it; empty where no layout of it is known
	// pureFamily is llama.cpp's name of a hybrid type's model without recurrent layers.
	pureFamily string
	// routedFamily is llama.cpp's name of the type's models that have experts.
	routedFamily string
	// names overrides the spelling of a fact where this type uses a key in
	// another sense (mixtral's intermediate_size is its experts' width).
	names map[string][]string
	// Defaults are the keys that published configs leave to the config class.
	Defaults map[string]any
	ungated  bool // the feed-forward has no gate projection
	bias     bool // biases on q, k and v whatever the config says
	qkNorm   bool
	// saysQKNorm: use_qk_norm says whether there are norms on queries and keys.
	saysQKNorm bool
	sinks      bool
	// sharedGate: the shared expert is scaled by a learned gate.
	sharedGate bool
	// routerBias: experts are chosen with a learned correction (DeepSeek-V3).
	routerBias bool
	// besideDense: the experts stand beside a dense MLP, which is twice as wide in
	// layers without a cache of their own where use_double_wide_mlp says so (gemma4).
	besideDense bool
	// PerLayer: every layer may have embeddings of its own (gemma4).
	PerLayer bool
	// sharedIsDense: a model of this type without experts keeps only the shared one.
	sharedIsDense bool
	// adjustedWidth: the feed-forward width follows from other keys (lfm2).
	adjustedWidth bool
	// Scaled: the model multiplies by constants of its config (granite); weighed:
	// how experts are weighed and grouped is stated (deepseek).
	Scaled, Weighed bool
	// gatedAttention: the query projection also makes a gate (qwen3_next).
	gatedAttention bool
	// recurrent reads the recurrent part that mix places in layers.
	recurrent func(r *Reader, hidden int64) *arch.Recurrent
	mix       mixRule // nil: every layer is attention and feed-forward
}

// modelTypes are the model types known by name, from the family files.
var modelTypes = index(typeGroups)

var typeGroups = [][]ModelType{
	llamaTypes, qwenTypes, gemmaTypes, gemma3nTypes, gptOssTypes, mlaTypes, recurrentTypes, otherTypes, configTypes, mlxTypes,
}

func index(groups [][]ModelType) map[string]*ModelType {
	byName := map[string]*ModelType{}
	for _, group := range groups {
		for i := range group {
			byName[group[i].Name] = &group[i]
		}
	}
	return byName
}

// Types are the model types known by name, in no order.
func Types() []*ModelType { return slices.Collect(maps.Values(modelTypes)) }
