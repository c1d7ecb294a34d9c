package mlx

import (
	"fmt"

	"assay/predict/arch"
)

// Tensor is one that a model consists of, with the name that mlx-lm gives it and
// its shape in ggml's order.
type Tensor struct {
	arch.Tensor
	// Bare: a matrix outside of any layer that mlx_lm.convert packs.
	Bare bool
}

// listing lists a model's tensors by its facts.
type listing struct {
	arch.Facts
	rows []Tensor
}

func (l *listing) add(name string, bare bool, shape ...int64) {
	l.rows = append(l.rows, Tensor{Tensor: arch.Tensor{Name: name, Type: "f32", Shape: shape}, Bare: bare})
}

// vector adds a tensor of one dimension.
func (l *listing) vector(name string, size int64) { l.add(name, true, size) }

// linear adds a matrix, and perhaps a bias.
func (l *listing) linear(path string, in, out int64, bias bool) {
	l.add(path+".weight", false, in, out)
	if bias {
		l.vector(path+".bias", out)
	}
}

// norms adds vectors of the hidden size.
func (l *listing) norms(paths ...string) {
	for _, path := range paths {
		l.vector(path+".weight", l.Hidden)
	}
}

// layout is what a family's blocks consist of.
type layout struct {
	// trunk stands before the embedding, layers and last norm; embedding and last
	// are their names.
	trunk, embedding, last string
	// norms of the hidden size are in each block.
	norms []string
	// mixers and feedForward add a block's parts.
	mixers, feedForward func(l *listing, path string, layer arch.Layer)
}

// listed is the Tensors of a Pass with such a layout.
func listed(o layout) func(f arch.Facts, ownHead bool) []Tensor {
	return func(f arch.Facts, ownHead bool) []Tensor {
		l := &listing{Facts: f}
		l.linear(o.trunk+"."+o.embedding, f.Hidden, f.Vocab, false)
		for i, layer := range f.Layers {
			path := fmt.Sprintf("%s.layers.%d.", o.trunk, i)
			for _, norm := range o.norms {
				l.norms(path + norm)
			}
			o.mixers(l, path, layer)
			o.feedForward(l, path, layer)
		}
		l.norms(o.trunk + "." + o.last)
		if !f.TiedEmbeddings || ownHead {
			l.linear("lm_head", f.Hidden, f.Vocab, false)
		}
		return l.rows
	}
}

// usual is Llama's layout with other parts.
func usual(mixers, feedForward func(l *listing, path string, layer arch.Layer)) layout {
	return layout{
		trunk: "model", embedding: "embed_tokens", last: "norm", norms: []string{"input_layernorm", "post_attention_layernorm"},
		mixers: mixers, feedForward: feedForward,
	}
}

// behind has norms behind attention and feed-forward.
func (o layout) behind() layout {
	o.norms = []string{"post_attention_layernorm", "post_feedforward_layernorm"}
	return o
}

// headNorms says which norms queries and keys have.
type headNorms int

const (
	noNorms  headNorms = iota
	perHead            // of a head's width, where the facts tell of norms
	perToken           // of all heads' width, where the facts tell of norms
)

// attention adds self_attn: output projections have a bias where outBias says so
// and the others have one.
func attention(norms headNorms, outBias bool) func(l *listing, path string, layer arch.Layer) {
	return func(l *listing, path string, layer arch.Layer) {
		if layer.Attention != nil {
			l.attention(path+"self_attn.", *layer.Attention, norms, outBias)
		}
	}
}

func (l *listing) attention(at string, a arch.Attention, norms headNorms, outBias bool) {
	queries := a.Heads * a.KeyDim
	if a.Gated {
		queries *= 2
	}
	l.linear(at+"q_proj", l.Hidden, queries, a.Bias)
	l.linear(at+"k_proj", l.Hidden, a.KVHeads*a.KeyDim, a.Bias)
	l.linear(at+"v_proj", l.Hidden, a.KVHeads*a.ValueDim, a.Bias)
	l.linear(at+"o_proj", a.Heads*a.ValueDim, l.Hidden, a.Bias && outBias)
	if !a.QKNorm {
		return
	}
	switch norms {
	case perHead:
		l.vector(at+"q_norm.weight", a.KeyDim)
		l.vector(at+"k_norm.weight", a.KeyDim)
	case perToken:
		l.vector(at+"q_norm.weight", a.Heads*a.KeyDim)
		l.vector(at+"k_norm.weight", a.KVHeads*a.KeyDim)
	}
}

// latent adds MLA, its latent's matrix cut in two (embed_q, unembed_out).
func latent(l *listing, path string, layer arch.Layer) {
	a := layer.Attention
	if a == nil || a.MLA == nil {
		return
	}
	m, at := a.MLA, path+"self_attn."
	width := a.Heads * (m.NopeDim + m.RopeDim)
	if m.QLoraRank == 0 {
		l.linear(at+"q_proj", l.Hidden, width, false)
	} else {
		l.linear(at+"q_a_proj", l.Hidden, m.QLoraRank, a.Bias)
		l.vector(at+"q_a_layernorm.weight", m.QLoraRank)
		l.linear(at+"q_b_proj", m.QLoraRank, width, false)
	}
	l.linear(at+"kv_a_proj_with_mqa", l.Hidden, m.KVLoraRank+m.RopeDim, a.Bias)
	l.vector(at+"kv_a_layernorm.weight", m.KVLoraRank)
	l.add(at+"embed_q.weight", false, m.NopeDim, m.KVLoraRank, a.Heads)
	l.add(at+"unembed_out.weight", false, m.KVLoraRank, m.ValueDim, a.Heads)
	l.linear(at+"o_proj", a.Heads*m.ValueDim, l.Hidden, a.Bias)
}

// gated adds gate, up and down projections of a width.
func (l *listing) gated(at string, width int64, names [3]string) {
	l.linear(at+names[0], l.Hidden, width, false)
	l.linear(at+names[1], l.Hidden, width, false)
	l.linear(at+names[2], width, l.Hidden, false)
}

// projections are SwitchGLU's names, and the usual MLP's.
var projections = [3]string{"gate_proj", "up_proj", "down_proj"}

// stacked adds the experts' gate, up and down projections.
func (l *listing) stacked(at string, e arch.Experts) {
	l.add(at+"gate_proj.weight", false, l.Hidden, e.Intermediate, e.Count)
	l.add(at+"up_proj.weight", false, l.Hidden, e.Intermediate, e.Count)
	l.add(at+"down_proj.weight", false, e.Intermediate, l.Hidden, e.Count)
}

// dense adds mlp.
func dense(l *listing, path string, layer arch.Layer) {
	if layer.FeedForward != nil {
		l.gated(path+"mlp.", layer.FeedForward.Intermediate, projections)
	}
}

// grouped adds DeepSeek's experts, or a dense MLP in layers without.
func grouped(l *listing, path string, layer arch.Layer) {
	e := layer.FeedForward.Experts
	if e == nil {
		dense(l, path, layer)
		return
	}
	l.add(path+"mlp.gate.weight", true, l.Hidden, e.Count)
	l.vector(path+"mlp.gate.e_score_correction_bias", e.Count)
	l.stacked(path+"mlp.switch_mlp.", *e)
	if e.SharedIntermediate > 0 {
		l.gated(path+"mlp.shared_experts.", e.SharedIntermediate, projections)
	}
}

// qwenExperts adds experts beside a shared one with a gate.
func qwenExperts(l *listing, path string, layer arch.Layer) {
	e := layer.FeedForward.Experts
	if e == nil {
		dense(l, path, layer)
		return
	}
	l.linear(path+"mlp.gate", l.Hidden, e.Count, false)
	l.stacked(path+"mlp.switch_mlp.", *e)
	l.gated(path+"mlp.shared_expert.", e.SharedIntermediate, projections)
	l.linear(path+"mlp.shared_expert_gate", l.Hidden, 1, false)
}

// delta adds a gated delta rule, whose projections are joined or apart.
func delta(joined bool) func(l *listing, path string, layer arch.Layer) {
	return func(l *listing, path string, layer arch.Layer) {
		r := layer.Recurrent
		if r == nil {
			l.attention(path+"self_attn.", *layer.Attention, perHead, true)
			return
		}
		at, mixed := path+"linear_attn.", 2*r.Groups*r.State+r.Inner
		if joined {
			l.linear(at+"in_proj_qkvz", l.Hidden, mixed+r.Inner, false)
			l.linear(at+"in_proj_ba", l.Hidden, 2*r.Heads, false)
		} else {
			l.linear(at+"in_proj_qkv", l.Hidden, mixed, false)
			l.linear(at+"in_proj_z", l.Hidden, r.Inner, false)
			l.linear(at+"in_proj_b", l.Hidden, r.Heads, false)
			l.linear(at+"in_proj_a", l.Hidden, r.Heads, false)
		}
		l.add(at+"conv1d.weight", true, 1, r.ConvKernel, mixed)
		l.vector(at+"dt_bias", r.Heads)
		l.vector(at+"A_log", r.Heads)
		l.vector(at+"norm.weight", r.Inner/r.Heads)
		l.linear(at+"out_proj", r.Inner, l.Hidden, false)
	}
}

// mamba adds a Mamba-2 mixer, with a bias in its convolution.
func (l *listing) mamba(at string, r arch.Recurrent) {
	mixed := r.Inner + 2*r.Groups*r.State
	l.linear(at+"in_proj", l.Hidden, r.Inner+mixed+r.Heads, false)
	l.add(at+"conv1d.weight", true, 1, r.ConvKernel, mixed)
	l.vector(at+"conv1d.bias", mixed)
	for _, name := range []string{"dt_bias", "A_log", "D"} {
		l.vector(at+name, r.Heads)
	}
	l.vector(at+"norm.weight", r.Inner)
	l.linear(at+"out_proj", r.Inner, l.Hidden, false)
}
