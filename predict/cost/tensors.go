package cost

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
	"assay/predict/gguf"
)

// role is what llama.cpp's graphs do with a tensor.
type role struct {
	part Part
	// use says how its elements meet the tokens.
	use use
	// tail: in the last layer and behind it, only the tokens whose logits are
	// asked for get here (build_inp_out_ids, src/llama-graph.cpp, v0.5.0).
	tail bool
}

// use is how a tensor's elements meet the tokens.
type use int

const (
	read       use = iota // in one node of its own: biases, convolutions
	operand               // in a node that is there without it
	norm                  // RMS_NORM or NORM, and MUL
	keyNorm               // the same, but in layers that read another's cache not at all
	vector                // elementwise, in no node that is known
	lookup                // one row a token
	matrix                // MUL_MAT over all tokens
	keys                  // the same, but in layers that read another's cache not at all
	twice                 // the same, once before and once after the layer
	mixing                // the same, and its result multiplies the token's states
	routed                // MUL_MAT_ID over the chosen experts, each with its input
	dispatched            // the same, all with the token's one input
	routedRead            // ADD_ID of the chosen experts' rows
	output                // MUL_MAT over the outputs
	idle                  // not at all
)

// roles are the tensors by their names in a GGUF, without "blk.N." and
// ".weight" (src/llama-arch.cpp and src/models of llama.cpp, v0.5.0).
var roles = map[string]role{
	"token_embd":  {Embedding, lookup, false},
	"output":      {OutputHead, output, true},
	"output_norm": {Norms, norm, true},
	"rope_freqs":  {Norms, operand, false},
	// The name of LFM2's output_norm.
	"token_embd_norm": {Norms, norm, true},

	"attn_k_norm":         {Norms, keyNorm, false},
	"ffn_norm":            {Norms, norm, true},
	"post_attention_norm": {Norms, norm, true},
	"post_ffw_norm":       {Norms, norm, true},

	"attn_q":        {AttentionPart, matrix, false},
	"attn_k":        {AttentionPart, keys, false},
	"attn_v":        {AttentionPart, keys, false},
	"attn_qkv":      {AttentionPart, matrix, false},
	"attn_output":   {AttentionPart, matrix, false},
	"attn_q_a":      {AttentionPart, matrix, false},
	"attn_q_b":      {AttentionPart, matrix, false},
	"attn_kv_a_mqa": {AttentionPart, matrix, false},
	"attn_k_b":      {AttentionPart, matrix, false},
	"attn_v_b":      {AttentionPart, matrix, false},
	"attn_gate":     {AttentionPart, matrix, false},
	"attn_sinks":    {AttentionPart, operand, false},

	"ffn_gate":       {FeedForward, matrix, true},
	"ffn_up":         {FeedForward, matrix, true},
	"ffn_down":       {FeedForward, matrix, true},
	"ffn_gate_inp":   {Router, matrix, true},
	"exp_probs_b":    {Router, read, true},
	"ffn_gate_exps":  {ExpertsPart, dispatched, true},
	"ffn_up_exps":    {ExpertsPart, dispatched, true},
	"ffn_down_exps":  {ExpertsPart, routed, true},
	"ffn_gate_shexp": {SharedExperts, matrix, true},
	"ffn_up_shexp":   {SharedExperts, matrix, true},
	"ffn_down_shexp": {SharedExperts, matrix, true},
	// A vector, but a product with it nevertheless.
	"ffn_gate_inp_shexp": {SharedExperts, matrix, true},

	"ssm_ba":             {RecurrentPart, matrix, false},
	"ssm_in":             {RecurrentPart, matrix, false},
	"ssm_x":              {RecurrentPart, matrix, false},
	"ssm_dt":             {RecurrentPart, matrix, false},
	"ssm_out":            {RecurrentPart, matrix, false},
	"ssm_conv1d":         {RecurrentPart, read, false},
	"ssm_a":              {RecurrentPart, read, false},
	"ssm_d":              {RecurrentPart, read, false},
	"ssm_norm":           {RecurrentPart, norm, false},
	"shortconv.in_proj":  {RecurrentPart, matrix, false},
	"shortconv.out_proj": {RecurrentPart, matrix, false},
	"shortconv.conv":     {RecurrentPart, read, false},

	// Gemma 3n (src/models/gemma3n.cpp): alternating updates of four states, a
	// low-rank residual, and embeddings of each layer's own.
	"altup_proj":           {Updates, matrix, false},
	"altup_unembd_proj":    {Updates, matrix, false},
	"altup_router":         {Updates, twice, false},
	"altup_predict_coef":   {Updates, mixing, false},
	"altup_correct_coef":   {Updates, matrix, false},
	"laurel_l":             {Updates, matrix, false},
	"laurel_r":             {Updates, matrix, false},
	"per_layer_token_embd": {Embedding, lookup, false},
	"per_layer_model_proj": {Updates, matrix, false},
	"inp_gate":             {Updates, matrix, false},
	"proj":                 {Updates, matrix, false},
}

// weight is one tensor with all that its cost depends on.
type weight struct {
	arch.Tensor
	role
	// layer is the block it belongs to, or -1.
	layer int
	bytes int64
}

// rowBytes is the size of one row of the first dimension.
func (w weight) rowBytes() int64 { return w.bytes / max(1, w.Elements()/w.Shape[0]) }

// elementwise says that the tensor multiplies nothing.
func (r role) elementwise() bool { return r.use <= vector || r.use == routedRead }

// ofExperts says that only chosen experts' parts of the tensor are met, ofKeys
// that a layer which reads another's cache does not meet it.
func (r role) ofExperts() bool {
	return r.use == routed || r.use == dispatched || r.use == routedRead
}
func (r role) ofKeys() bool { return r.use == keys || r.use == keyNorm }

// nodes is how many nodes of a graph the tensor makes, where that is known.
func (w weight) nodes() (nodes int64, known bool) {
	switch w.use {
	case idle, operand:
		return 0, true
	case norm, keyNorm:
		return 2, true
	case twice, mixing, vector:
		return 0, false
	}
	return 1, true
}

// tokenEmbedding is in every model.
const tokenEmbedding = "token_embd.weight"

// weights is the model's table in llama.cpp's naming: the file's own, or what
// llama.cpp's converter would write for the config.
func weights(f arch.Facts, matrices string) ([]weight, error) {
	tensors := f.Tensors
	if !slices.ContainsFunc(tensors, func(t arch.Tensor) bool { return t.Name == tokenEmbedding }) {
		var err error
		if tensors, err = family.Tensors(f, family.TypePlan{Matrices: matrices}); err != nil {
			return nil, err
		}
	}
	out := make([]weight, 0, len(tensors))
	for _, t := range tensors {
		w, err := newWeight(t, f)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		out = append(out, w)
	}
	return out, nil
}

func newWeight(t arch.Tensor, f arch.Facts) (weight, error) {
	w := weight{Tensor: t, layer: -1}
	kind := t.Name
	if block, ok := strings.CutPrefix(kind, "blk."); ok {
		number, rest, _ := strings.Cut(block, ".")
		layer, err := strconv.Atoi(number)
		if err != nil {
			return w, fmt.Errorf("%q is no block number", number)
		}
		w.layer, kind = layer, rest
	}
	typ, err := gguf.ParseType(t.Type)
	if err != nil {
		return w, err
	}
	if len(t.Shape) == 0 || slices.Min(t.Shape) <= 0 {
		return w, fmt.Errorf("the shape %v is empty", t.Shape)
	}
	row, err := typ.RowBytes(t.Shape[0])
	if err != nil {
		return w, err
	}
	w.bytes = row * (t.Elements() / t.Shape[0])
	if w.layer >= len(f.Layers) {
		// Blocks beyond the model's own predict further tokens for a draft.
		w.role = role{Draft, idle, false}
		return w, nil
	}
	if w.role, err = roleOf(kind, t); err != nil {
		return w, err
	}
	return w, w.fits(f)
}

// fits says whether the layer has what the tensor is a part of.
func (w weight) fits(f arch.Facts) error {
	switch {
	case w.layer < 0:
		if w.ofExperts() || w.ofKeys() {
			return fmt.Errorf("it belongs to no block")
		}
	case w.ofExperts() && (f.Layers[w.layer].FeedForward == nil || f.Layers[w.layer].FeedForward.Experts == nil):
		return fmt.Errorf("the facts name no experts in layer %d", w.layer)
	case w.ofKeys() && f.Layers[w.layer].Attention == nil:
		return fmt.Errorf("the facts name no attention in layer %d", w.layer)
	}
	return nil
}

// roleOf finds the tensor's role: by name; a bias belongs to what it is added
// to, a vector of no known name is a norm. A matrix of no known name has no
// predictable cost.
func roleOf(kind string, t arch.Tensor) (role, error) {
	base, isBias := strings.CutSuffix(kind, ".bias")
	base = strings.TrimSuffix(base, ".weight")
	r, known := roles[base]
	switch {
	case known && isBias && r.ofExperts():
		return role{r.part, routedRead, r.tail}, nil
	case known && isBias:
		return role{r.part, read, r.tail}, nil
	case known:
		return r, nil
	case len(t.Shape) == 1 && strings.HasSuffix(base, "_norm"):
		return role{Norms, norm, false}, nil
	case len(t.Shape) == 1:
		return role{Norms, vector, false}, nil
	}
	return role{}, fmt.Errorf("no rule says what a matrix of this name is multiplied with")
}
