package config

import "assay/predict/arch"

// mix says what one layer consists of; dense, that its feed-forward has no experts.
type mix struct{ attention, recurrent, feedForward, dense bool }

// mixRule says it for each of a model's n layers; kinds is layer_types or nil.
type mixRule func(r *Reader, n int, kinds []string) []mix

// Value is one entry of a config with the path it was found at.
type Value struct {
	Path string
	Data any
}

// Reader reads facts out of one config. It notes where each came from and
// collects what is wrong, so that one pass reports everything.
type Reader struct {
	File    string
	Dialect dialect
	Keys    map[string]Value
	Kind    *ModelType // nil when unknown
	wrapper string     // model_type around the language model's config
	Prov    map[string]arch.Provenance
	Errs    []error
	also    []string // what is not known beside what the model type lacks
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
