// Package arch holds architecture facts: what the predictors need to know of a
// model, validated and hashed, each fact with where it came from. It must not
// know which file, config or runtime they came from.
package arch

// Facts describes a model's architecture. Counts are of elements, never bytes.
type Facts struct {
	// Ref is what the user typed, Name what the model calls itself.
	Ref  string `json:"ref"`
	Name string `json:"name"`
	// Path is the file or folder that a runtime can load; empty when only
	// facts are known and no weights are here.
	Path string `json:"path,omitempty"`
	// Source is the address where the facts were published, of a preset.
	Source string `json:"source,omitempty"`

	// Family is llama.cpp's name of the architecture (general.architecture:
	// llama, qwen2moe, gemma3); ModelType is Hugging Face's (llama, qwen2_moe,
	// gemma3_text). Either is empty where the runtime does not know the family.
	Family    string `json:"family"`
	ModelType string `json:"model_type"`
	// Wrapper is the model type of a multimodal config around the language
	// model's (llama4 around llama4_text): mlx-lm chooses its classes by it.
	Wrapper string `json:"wrapper,omitempty"`

	Hidden        int64 `json:"hidden"`
	Vocab         int64 `json:"vocab"`
	ContextLength int64 `json:"context_length"`
	// TiedEmbeddings: the output head is the token embedding.
	TiedEmbeddings bool    `json:"tied_embeddings"`
	Layers         []Layer `json:"layers"`
	// DraftLayers are the blocks behind these that predict tokens beyond the
	// next (multi-token prediction). Neither Layers nor a published parameter
	// count has them, and llama.cpp's converter leaves most of them out.
	DraftLayers int64 `json:"draft_layers"`

	// NormEpsilon and RopeBase change no shape, but a skeleton has to name
	// them. Neither can be 0: that is unstated, and takes the family's default.
	NormEpsilon float64 `json:"norm_epsilon,omitempty"`
	RopeBase    float64 `json:"rope_base,omitempty"`

	// Scales multiply what goes through the model; they change no shape.
	Scales Scales `json:"scales,omitzero"`
	// PerLayer is the width of the embeddings that every layer has of its own
	// (gemma4), 0 where there are none.
	PerLayer int64 `json:"per_layer,omitempty"`
	// Unrotated: there is no rotary embedding in any layer (granitehybrid).
	Unrotated bool `json:"unrotated,omitempty"`

	// Quantization is how the config says that its weights are packed; nil where it
	// does not, or they are not.
	Quantization *Quantization `json:"quantization,omitempty"`
	// PackedBy is what the maker's own weights are packed with, in transformers' words
	// (quant_method of quantization_config: mxfp4, fp8); empty where nothing says so.
	PackedBy string `json:"packed_by,omitempty"`

	// File identifies the weights that were read; nil where only facts are known.
	File *File `json:"file,omitempty"`

	// Tensors is the model's own tensor table, in the naming of its source;
	// empty when only a config was read.
	Tensors []Tensor `json:"tensors,omitempty"`

	// Provenance says where each fact came from, by field name.
	Provenance map[string]Provenance `json:"provenance,omitempty"`
	// Unknown names what no rule could settle, as of a model type that is not
	// known; empty for a known one.
	Unknown []string `json:"unknown,omitempty"`
	// Contradictions are facts that two sources state differently.
	Contradictions []Contradiction `json:"contradictions,omitempty"`
}

// File identifies a model's weights, wherever they lie and whatever they are called.
type File struct {
	// HeaderSHA256 is the hash of all that stands before the tensors' data.
	HeaderSHA256 string `json:"header_sha256"`
	// Type is what the weights are packed in, as the runtime's people call it
	// ("Q4_K - Medium", "4bit"); empty where that is not known.
	Type string `json:"type,omitempty"`
	// Bytes are those of all tensors' data.
	Bytes int64 `json:"bytes"`
	// Params are the elements of all tensors; nil where words hold several.
	Params *int64 `json:"params,omitempty"`
}

// Quantization is mlx-lm's way to pack a matrix: bits, and the inputs that share a
// scale; Mode is empty for the affine one, else mxfp4 and its like.
type Quantization struct {
	Bits  int64  `json:"bits"`
	Group int64  `json:"group"`
	Mode  string `json:"mode,omitempty"`
	// Modules are those that have another packing, or with nil none, by the names
	// that a folder gives them.
	Modules map[string]*Quantization `json:"modules,omitempty"`
}

// Scales are the constants by which a model of the Granite families multiplies;
// 0 is one that its source does not state, and that llama.cpp does not apply.
type Scales struct {
	Embedding float64 `json:"embedding,omitempty"`
	// Residual is of what each part adds to the layer's input.
	Residual float64 `json:"residual,omitempty"`
	// Attention is of the scores, in place of 1/√(key dimension).
	Attention float64 `json:"attention,omitempty"`
	// Logit is what the logits are divided by.
	Logit float64 `json:"logit,omitempty"`
}

// Layer is one block of the model.
type Layer struct {
	// Attention is nil in a purely recurrent layer, Recurrent in a pure
	// attention layer; falcon_h1 has both in every layer.
	Attention   *Attention   `json:"attention,omitempty"`
	Recurrent   *Recurrent   `json:"recurrent,omitempty"`
	FeedForward *FeedForward `json:"feed_forward,omitempty"`
}

// Attention is the attention part of a layer.
type Attention struct {
	Heads   int64 `json:"heads"`
	KVHeads int64 `json:"kv_heads"`
	// KeyDim and ValueDim are per head (head_dim; attention.key_length and
	// value_length).
	KeyDim   int64 `json:"key_dim"`
	ValueDim int64 `json:"value_dim"`
	// Window is the number of tokens a query sees; 0 is all of them.
	Window int64 `json:"window"`
	// Chunked: the window is a fixed chunk (llama4), not a sliding one.
	Chunked bool `json:"chunked,omitempty"`
	// SharedFrom is the layer whose cache this layer reads, or nil.
	SharedFrom *int `json:"shared_from,omitempty"`
	// MLA is set for multi-head latent attention.
	MLA   *MLA `json:"mla,omitempty"`
	Sinks bool `json:"sinks,omitempty"`
	// QKNorm, Bias: the layer has norms on, or biases in, its projections.
	QKNorm bool `json:"qk_norm,omitempty"`
	Bias   bool `json:"bias,omitempty"`
	// ValuesAreKeys: the layer has no projection of values, and takes its keys for
	// them; both are cached.
	ValuesAreKeys bool `json:"values_are_keys,omitempty"`
	// Indexer is set where a sparse-attention indexer chooses the keys that a
	// query looks at.
	Indexer *Indexer `json:"indexer,omitempty"`
	// Gated: the query projection is twice as wide and makes a gate for the
	// output too (qwen3_next).
	Gated bool `json:"gated,omitempty"`
}

// MLA are the ranks of multi-head latent attention (DeepSeek-V2, arXiv 2405.04434).
type MLA struct {
	QLoraRank  int64 `json:"q_lora_rank"` // 0: queries are projected directly
	KVLoraRank int64 `json:"kv_lora_rank"`
	RopeDim    int64 `json:"rope_dim"`
	NopeDim    int64 `json:"nope_dim"`
	ValueDim   int64 `json:"value_dim"`
}

// Indexer scores keys for sparse attention with heads of its own, which share
// one key a token (DeepSeek-V3.2).
type Indexer struct {
	Heads  int64 `json:"heads"`
	KeyDim int64 `json:"key_dim"`
	TopK   int64 `json:"top_k"`
}

// Recurrent is a state-space or linear-attention part of a layer.
type Recurrent struct {
	// Kind is "mamba", "mamba2", "rwkv", "shortconv", "gated-delta" or "kda"
	// (Kimi's delta attention, arXiv 2510.26692).
	Kind string `json:"kind"`
	// ConvKernel is the convolution's; of rwkv, the rows of its token shift.
	ConvKernel int64 `json:"conv_kernel"`
	Inner      int64 `json:"inner"`
	State      int64 `json:"state"`
	Groups     int64 `json:"groups"`
	Heads      int64 `json:"heads"`
	// TimeStepRank is ssm.time_step_rank: the number of heads in mamba2, 0 where
	// there are no heads.
	TimeStepRank int64 `json:"time_step_rank"`
}

// FeedForward is the MLP part of a layer: dense, or a mixture of experts.
type FeedForward struct {
	// Intermediate is the dense width; 0 in a layer that has only experts. Gemma 4
	// has both side by side.
	Intermediate int64 `json:"intermediate"`
	// Gated: gate and up projections (SwiGLU, GeGLU), else up only.
	Gated   bool     `json:"gated"`
	Experts *Experts `json:"experts,omitempty"`
}

// Experts is a mixture of experts.
type Experts struct {
	Count              int64 `json:"count"`
	Used               int64 `json:"used"`
	Intermediate       int64 `json:"intermediate"`
	SharedIntermediate int64 `json:"shared_intermediate"`
	// SharedGate: the shared expert's output is scaled by a learned gate (qwen2_moe).
	SharedGate bool `json:"shared_gate,omitempty"`
	// RouterBias: experts are chosen with a learned correction (deepseek_v3).
	RouterBias bool `json:"router_bias,omitempty"`
	// NormedWeights: the chosen experts' weights are made to sum up to one. It, the
	// scale of the weights, the groups that experts are chosen in, and how many of
	// them may be chosen from, are read of deepseek2's models alone; 0 is one that
	// the source does not state.
	NormedWeights bool    `json:"normed_weights,omitempty"`
	WeightScale   float64 `json:"weight_scale,omitempty"`
	Groups        int64   `json:"groups,omitempty"`
	GroupsUsed    int64   `json:"groups_used,omitempty"`
}

// Origin says how a fact came to be known.
type Origin string

// The origins, from the surest to the least sure.
const (
	FromFile      Origin = "file"      // a key of a file
	FromTensors   Origin = "tensors"   // the shape of a tensor
	FromDefault   Origin = "default"   // a documented default of this model type
	FromComputed  Origin = "computed"  // computed from other facts
	FromHeuristic Origin = "heuristic" // a guess from a name
)

// Provenance is where one fact came from.
type Provenance struct {
	Origin Origin `json:"origin"`
	// Detail names the key and file, the default's source, or the formula.
	Detail string `json:"detail"`
}

// Contradiction is one fact that two sources state differently.
type Contradiction struct {
	Field   string `json:"field"`
	Kept    string `json:"kept"`
	KeptBy  string `json:"kept_by"`
	Dropped string `json:"dropped"`
	DropBy  string `json:"dropped_by"`
	Why     string `json:"why"`
}
