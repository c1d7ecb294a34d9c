// Package tensor is the catalogue of tensors: how GGUF and Hugging Face call
// each, which part of a model it belongs to, and how its elements meet the
// tokens. It must not know a family, a runtime, a shape or what a use costs.
package tensor

// Part is a part of a model that its parameters are counted by.
type Part string

// The parts, in the order in which they are reported.
const (
	Embedding     Part = "embedding"
	Attention     Part = "attention"
	Recurrent     Part = "recurrent"
	FeedForward   Part = "feed_forward"
	Router        Part = "router"
	Experts       Part = "experts"
	SharedExperts Part = "shared_experts"
	Updates       Part = "updates" // between layers, beside attention and MLP
	Norms         Part = "norms"
	OutputHead    Part = "output"
	Draft         Part = "draft" // blocks that only a draft of further tokens evaluates
	Towers        Part = "tower" // of another modality, which text never meets
	Others        Part = "other" // of no known name
)

// Parts are all of them.
func Parts() []Part {
	return []Part{Embedding, Attention, Recurrent, FeedForward, Router, Experts, SharedExperts, Updates, Norms,
		OutputHead, Draft, Towers, Others}
}

// Use is how a tensor's elements meet the tokens in llama.cpp's graphs
// (src/llama-arch.cpp, LLM_TENSOR_INFOS, and src/models of v0.5.0).
type Use int

// The uses.
const (
	Read       Use = iota // in one node of its own: biases, convolutions
	Operand               // in a node that is there without it
	Norm                  // RMS_NORM or NORM, and MUL
	KeyNorm               // the same, but in layers that read another's cache not at all
	Vector                // elementwise, in no node that is known
	Lookup                // one row a token
	Product               // MUL_MAT over all tokens
	Keys                  // the same, but in layers that read another's cache not at all
	Twice                 // the same, once before and once after the layer
	Mixing                // the same, and its result multiplies the token's states
	Routed                // MUL_MAT_ID over the chosen experts, each with its input
	Dispatched            // the same, all with the token's one input
	RoutedRead            // ADD_ID of the chosen experts' rows
	Output                // MUL_MAT over the outputs
	Idle                  // not at all
	Unknown               // a matrix of no known name: what it costs is not known
)

// Elementwise says that the tensor multiplies nothing.
func (u Use) Elementwise() bool { return u <= Vector || u == RoutedRead }

// OfExperts says that only chosen experts' parts of the tensor are met.
func (u Use) OfExperts() bool { return u == Routed || u == Dispatched || u == RoutedRead }

// OfKeys says that a layer which reads another's cache does not meet the tensor.
func (u Use) OfKeys() bool { return u == Keys || u == KeyNorm }

// Row is one tensor of the catalogue.
type Row struct {
	// Kind is the tensor's name here: GGUF's, without "blk.N." and ".weight".
	Kind string
	Part Part
	Use  Use
	// Tail: in the last layer and behind it, only the tokens whose logits are
	// asked for get here (build_inp_out_ids, src/llama-graph.cpp, v0.5.0).
	Tail bool
	// HF is a pattern of the stems that Hugging Face's and mlx-lm's models give
	// it; empty where they lack the tensor. Outside: it stands outside the blocks.
	HF      string
	Outside bool
	// GGUF is its name in a GGUF where two kinds share one there.
	GGUF string
}

// Stem is what a GGUF calls the tensor, without ".weight".
func (r Row) Stem() string {
	if r.GGUF != "" {
		return r.GGUF
	}
	return r.Kind
}
