package llamacpp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"assay/predict/arch"
)

func tensor(name string, dims ...dim) row { return row{name, dims} }

func fixed(n int64) dim { return func(scope) int64 { return n } }

func times(a, b dim) dim { return func(s scope) int64 { return a(s) * b(s) } }

func sum(dims ...dim) dim {
	return func(s scope) (n int64) {
		for _, d := range dims {
			n += d(s)
		}
		return n
	}
}

// The dimensions of the standard blocks.
var (
	hidden = func(s scope) int64 { return s.facts.Hidden }
	vocab  = func(s scope) int64 { return s.facts.Vocab }
	heads  = func(s scope) int64 { return s.layer.Attention.Heads }
	keyDim = func(s scope) int64 { return s.layer.Attention.KeyDim }
	valDim = func(s scope) int64 { return s.layer.Attention.ValueDim }
	kvHead = func(s scope) int64 { return s.layer.Attention.KVHeads }

	queryWidth = times(heads, keyDim)
	keyWidth   = times(kvHead, keyDim)
	valueWidth = times(kvHead, valDim)
	mixedWidth = times(heads, valDim)

	ffWidth     = func(s scope) int64 { return s.layer.FeedForward.Intermediate }
	expertCount = func(s scope) int64 { return s.layer.FeedForward.Experts.Count }
	expertWidth = func(s scope) int64 { return s.layer.FeedForward.Experts.Intermediate }
	sharedWidth = func(s scope) int64 { return s.layer.FeedForward.Experts.SharedIntermediate }
)

func hasAttention(s scope) bool { return s.layer.Attention != nil && s.layer.Attention.MLA == nil }

func hasBias(s scope) bool { return hasAttention(s) && s.layer.Attention.Bias }

func hasQKNorm(s scope) bool { return hasAttention(s) && s.layer.Attention.QKNorm }

func hasFeedForward(s scope) bool {
	return s.layer.FeedForward != nil
}

func isDense(s scope) bool { return hasFeedForward(s) && s.layer.FeedForward.Experts == nil }

func isGatedDense(s scope) bool {
	return isDense(s) && s.layer.FeedForward.Gated
}

func isRouted(s scope) bool { return hasFeedForward(s) && s.layer.FeedForward.Experts != nil }

func isGatedRouted(s scope) bool {
	return isRouted(s) && s.layer.FeedForward.Gated
}

func hasRouterBias(s scope) bool { return isRouted(s) && s.layer.FeedForward.Experts.RouterBias }

func hasSharedGate(s scope) bool { return isRouted(s) && s.layer.FeedForward.Experts.SharedGate }

// The groups most families are made of.
var (
	attnNorm      = part{nil, []row{tensor("attn_norm.weight", hidden)}}
	feedNorm      = part{hasFeedForward, []row{tensor("ffn_norm.weight", hidden)}}
	attentionRows = part{hasAttention, []row{
		tensor("attn_q.weight", hidden, queryWidth),
		tensor("attn_k.weight", hidden, keyWidth),
		tensor("attn_v.weight", hidden, valueWidth),
		tensor("attn_output.weight", mixedWidth, hidden),
	}}
	attentionBias = part{hasBias, []row{
		tensor("attn_q.bias", queryWidth),
		tensor("attn_k.bias", keyWidth),
		tensor("attn_v.bias", valueWidth),
	}}
	headNorms = part{hasQKNorm, []row{
		tensor("attn_q_norm.weight", keyDim),
		tensor("attn_k_norm.weight", keyDim),
	}}
	// wideNorms are over all heads at once.
	wideNorms = part{hasQKNorm, []row{
		tensor("attn_q_norm.weight", queryWidth),
		tensor("attn_k_norm.weight", keyWidth),
	}}
	denseGate = part{isGatedDense, []row{tensor("ffn_gate.weight", hidden, ffWidth)}}
	denseRows = part{isDense, []row{
		tensor("ffn_up.weight", hidden, ffWidth),
		tensor("ffn_down.weight", ffWidth, hidden),
	}}
	expertGate = part{isGatedRouted, []row{
		tensor("ffn_gate_exps.weight", hidden, expertWidth, expertCount),
		tensor("ffn_gate_shexp.weight", hidden, sharedWidth),
	}}
	expertRows = part{isRouted, []row{
		tensor("ffn_gate_inp.weight", hidden, expertCount),
		tensor("ffn_up_exps.weight", hidden, expertWidth, expertCount),
		tensor("ffn_down_exps.weight", expertWidth, hidden, expertCount),
		tensor("ffn_up_shexp.weight", hidden, sharedWidth),
		tensor("ffn_down_shexp.weight", sharedWidth, hidden),
	}}
	routerBiasRow = part{hasRouterBias, []row{tensor("exp_probs_b.bias", expertCount)}}
	sharedGateRow = part{hasSharedGate, []row{tensor("ffn_gate_inp_shexp.weight", hidden)}}
)

// feedForward is a dense or routed MLP without its norm; standardBlock is
// pre-norm attention and MLP, with whatever the facts add to them.
var (
	feedForward   = []part{denseGate, denseRows, expertGate, expertRows, sharedGateRow}
	standardBlock = slices.Concat([]part{attnNorm, attentionRows, attentionBias, headNorms, feedNorm}, feedForward)
	postNorms     = []part{{nil, []row{
		tensor("post_attention_norm.weight", hidden),
		tensor("post_ffw_norm.weight", hidden),
	}}}
)

// TypePlan says how weights are stored. Vectors (norms, biases) are always
// f32, as llama.cpp's converter writes them.
type TypePlan struct {
	// Matrices is the type of every matrix, "" for f16, or a mix.
	Matrices string
	// ByKind overrides it by a tensor's name without "blk.N." and ".weight":
	// "ffn_down", "token_embd".
	ByKind map[string]string
}

func (p TypePlan) of(name string, shape []int64, s scope) string {
	if len(shape) < 2 || strings.HasSuffix(name, ".bias") {
		return "f32"
	}
	kind := strings.TrimSuffix(name, ".weight")
	if rest, ok := strings.CutPrefix(kind, "blk."); ok {
		_, kind, _ = strings.Cut(rest, ".")
	}
	if t, ok := p.ByKind[kind]; ok {
		return t
	}
	m, isMix := mixOf(p.Matrices)
	if alwaysF32[kind] || amxAborts[kind] && !isMix {
		return "f32"
	}
	if p.Matrices == "" {
		return "f16"
	}
	if isMix {
		return m.of(name, shape[0], s.facts).String()
	}
	return p.Matrices
}

// alwaysF32 are the matrices that llama.cpp's converter never stores in fewer
// bits (conversion/base.py of v0.5.0, prepare_tensors): routers, and what a
// state-space scan reads.
var alwaysF32 = map[string]bool{
	"ffn_gate_inp": true, "ffn_gate_inp_shexp": true,
	"ssm_conv1d": true, "ssm_a": true, "ssm_d": true, "ssm_norm": true, "shortconv.conv": true,
	"altup_correct_coef": true, "altup_predict_coef": true,
}

// amxAborts are two that the converter does quantise, and files of a mix have so.
// But v0.5.0 moves them to AMX buffers on CPUs that have AMX, finds no backend for a
// product with permuted queries and aborts (ggml-backend.cpp:1294); f32 stays where
// it is.
var amxAborts = map[string]bool{"attn_k_b": true, "attn_v_b": true}

// Tensors is the tensor table that llama.cpp v0.5.0 expects of these facts,
// in file order: global tensors, then block by block. It fails for a family
// whose layout is not known, naming it.
func Tensors(f arch.Facts, types TypePlan) ([]arch.Tensor, error) {
	fam, err := familyOf(f)
	if err != nil {
		return nil, err
	}
	out := appendParts(nil, types, "", fam.globals(&f), scope{facts: &f})
	for i := range f.Layers {
		s := scope{facts: &f, layer: &f.Layers[i], index: i}
		out = appendParts(out, types, fmt.Sprintf("blk.%d.", i), fam.block, s)
	}
	return out, nil
}

// DraftTensors are the tensors of the blocks that predict further tokens, in
// llama.cpp's names. Tensors lacks them: the converter leaves deepseek2's out
// (skip_mtp, conversion/deepseek.py of v0.5.0), and writes glm4moe's.
// Nil where the facts name none or their layout is not known.
func DraftTensors(f arch.Facts, types TypePlan) []arch.Tensor {
	fam, _ := Of(f.Family)
	if fam.draft == nil || len(f.Layers) == 0 {
		return nil
	}
	var out []arch.Tensor
	for i := range int(f.DraftLayers) {
		s := scope{facts: &f, layer: &f.Layers[len(f.Layers)-1], index: len(f.Layers) + i}
		out = appendParts(out, types, fmt.Sprintf("blk.%d.", s.index), slices.Concat(fam.block, fam.draft), s)
	}
	return out
}

// globals are the tensors outside the blocks.
func (fam *Family) globals(f *arch.Facts) []part {
	norm := cmp.Or(fam.outputNorm, "output_norm.weight")
	rows := []row{tensor("token_embd.weight", hidden, vocab), tensor(norm, hidden)}
	if fam.ownHead(f) {
		rows = append(rows, tensor("output.weight", hidden, vocab))
	}
	return slices.Concat([]part{{nil, rows}}, fam.global)
}

// ownHead: the output head is a tensor of its own.
func (fam *Family) ownHead(f *arch.Facts) bool { return fam.untied || !fam.tied && !f.TiedEmbeddings }

func appendParts(out []arch.Tensor, types TypePlan, prefix string, parts []part, s scope) []arch.Tensor {
	for _, p := range parts {
		if p.when != nil && !p.when(s) {
			continue
		}
		for _, r := range p.rows {
			shape := make([]int64, len(r.dims))
			for i, d := range r.dims {
				shape[i] = d(s)
			}
			if slices.Contains(shape, 0) {
				continue
			}
			name := prefix + r.name
			out = append(out, arch.Tensor{Name: name, Type: types.of(name, shape, s), Shape: shape})
		}
	}
	return out
}
