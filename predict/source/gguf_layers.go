package source

import (
	"fmt"

	"assay/predict/arch"
	"assay/predict/family/llamacpp"
)

func (r *ggufReader) layers(hidden int64) []arch.Layer {
	all := int(r.Integer("layers"))
	attention := r.attentions(hidden, all)
	width, _ := r.PerLayer("feed_forward.intermediate", all)
	experts := r.experts(all)
	if len(r.Errs) > 0 {
		return nil
	}
	r.Note("feed_forward.gated", arch.FromTensors, "whether %s has ffn_gate.weight or ffn_gate_exps.weight in the block", r.File)
	layers := make([]arch.Layer, all-min(all, int(r.OptionalOr("draft_layers", 0))))
	for i := range layers {
		layers[i] = arch.Layer{Recurrent: r.recurrentPart(i, hidden), FeedForward: r.feedForward(i, width, experts)}
		if attention != nil && r.hasAny(i, "attn_k.weight", "attn_output.weight") {
			layers[i].Attention = attention[i]
		}
	}
	if own := r.ownCaches(len(layers)); own < len(layers) {
		arch.ShareCaches(layers, own)
	}
	return layers
}

// ownCaches is how many of the first layers have a cache of their own: the
// family's own number, else all but those that the file names.
func (r *ggufReader) ownCaches(layers int) int {
	if own := r.family.OwnCache; own > 0 {
		return min(own, layers)
	}
	return max(0, layers-int(r.OptionalOr("attention.shared", 0)))
}

// recurrentKindsByTensor tells the kinds apart by a tensor only they have, the
// first that is there: Kimi's delta attention has ssm_beta, too.
var recurrentKindsByTensor = []struct {
	tensor string
	part   func(r *ggufReader, hidden int64) *arch.Recurrent
}{
	{"shortconv.conv.weight", (*ggufReader).shortConvolution},
	{"ssm_conv1d_q.weight", (*ggufReader).kimiDelta},
	{"ssm_ba.weight", stateSpace("gated-delta")},
	{"ssm_beta.weight", stateSpace("gated-delta")},
	{"ssm_x.weight", stateSpace("mamba")},
	{"ssm_in.weight", stateSpace("mamba2")},
	{"time_mix_key.weight", (*ggufReader).tokenShift},
}

func (r *ggufReader) recurrentPart(i int, hidden int64) *arch.Recurrent {
	for _, known := range recurrentKindsByTensor {
		if r.hasAny(i, known.tensor) {
			return known.part(r, hidden)
		}
	}
	return nil
}

func stateSpace(kind string) func(r *ggufReader, hidden int64) *arch.Recurrent {
	return func(r *ggufReader, hidden int64) *arch.Recurrent {
		heads := r.OptionalOr("recurrent.heads", 0)
		return &arch.Recurrent{
			Kind:       kind,
			ConvKernel: r.OptionalOr("recurrent.conv_kernel", 0),
			Inner:      r.OptionalOr("recurrent.inner", hidden),
			State:      r.OptionalOr("recurrent.state", 0),
			Groups:     r.OptionalOr("recurrent.groups", 0),
			Heads:      heads, TimeStepRank: heads,
		}
	}
}

func (r *ggufReader) shortConvolution(hidden int64) *arch.Recurrent {
	kernel := r.Integer("recurrent.short_kernel")
	r.Prov["recurrent.conv_kernel"] = r.Prov["recurrent.short_kernel"]
	return &arch.Recurrent{Kind: "shortconv", ConvKernel: kernel, Inner: hidden}
}

// kimiDelta has as many heads as attention, keys and values of one width
// (n_embd_r and n_embd_s for kda, src/llama-hparams.cpp, v0.5.0).
func (r *ggufReader) kimiDelta(int64) *arch.Recurrent {
	heads, _ := r.PerLayer("attention.heads", 1)
	dim := r.Integer("recurrent.delta_dim")
	if len(heads) == 0 {
		return nil
	}
	return &arch.Recurrent{Kind: "kda", ConvKernel: r.Integer("recurrent.conv_kernel"),
		Inner: heads[0] * dim, State: dim, Groups: heads[0], Heads: heads[0], TimeStepRank: heads[0]}
}

// tokenShift is rwkv: State is the head's size (load_arch_hparams of rwkv6 and
// rwkv7, src/models, v0.5.0: two rows of token shift, if the file says no other).
func (r *ggufReader) tokenShift(hidden int64) *arch.Recurrent {
	return &arch.Recurrent{Kind: "rwkv", ConvKernel: r.OptionalOr("recurrent.shift", 2), Inner: hidden,
		State: r.Integer("recurrent.head_size")}
}

func (r *ggufReader) attentions(hidden int64, n int) []*arch.Attention {
	heads, ok := r.PerLayer("attention.heads", n)
	if !ok {
		return nil
	}
	kvHeads, ok := r.PerLayer("attention.kv_heads", n)
	if !ok {
		kvHeads = heads
		r.Note("attention.kv_heads", arch.FromDefault, "the number of query heads, as attention.head_count_kv is absent")
	}
	windows := r.windows(n)
	for field, tensor := range map[string]string{"bias": "attn_q.bias or attn_qkv.bias",
		"qk_norm": "attn_q_norm.weight", "sinks": "attn_sinks.weight"} {
		r.Note("attention."+field, arch.FromTensors, "whether %s has %s in the block", r.File, tensor)
	}
	out := make([]*arch.Attention, n)
	for i := range out {
		if heads[i] == 0 || kvHeads[i] == 0 {
			continue // a layer without attention, as in deci, or a recurrent one
		}
		a := &arch.Attention{Heads: heads[i], KVHeads: kvHeads[i], Window: windows[i],
			Bias:   r.hasAny(i, "attn_q.bias", "attn_qkv.bias"),
			QKNorm: r.hasAny(i, "attn_q_norm.weight"),
			Sinks:  r.hasAny(i, "attn_sinks.weight"),
		}
		a.Chunked = a.Window > 0 && r.family.Window.Chunked
		a.ValuesAreKeys = r.hasAny(i, "attn_k.weight") && !r.hasAny(i, "attn_v.weight")
		r.dims(a, i, hidden)
		out[i] = a
	}
	return out
}

// dims sets the head dimensions. With latent attention the plain keys describe
// the cached latent, and those ending in _mla the heads.
func (r *ggufReader) dims(a *arch.Attention, i int, hidden int64) {
	keyDim, ok := r.Optional("mla.key_dim")
	if !ok || !r.hasAny(i, "attn_k_b.weight") {
		r.plainDims(a, i, hidden)
		return
	}
	a.MLA = &arch.MLA{
		QLoraRank:  r.OptionalOr("mla.q_lora_rank", 0),
		KVLoraRank: r.Integer("mla.kv_lora_rank"),
		ValueDim:   r.Integer("mla.value_dim"),
	}
	a.MLA.RopeDim = r.OptionalOr("mla.rope_dim", r.OptionalOr("attention.key_dim", a.MLA.KVLoraRank)-a.MLA.KVLoraRank)
	a.MLA.NopeDim = keyDim - a.MLA.RopeDim
	a.KVHeads, a.KeyDim, a.ValueDim = a.Heads, keyDim, a.MLA.ValueDim
	r.Note("attention.kv_heads", arch.FromComputed, "as many as query heads: the latent serves all of them")
	if r.hasAny(i, "indexer.attn_k.weight") {
		a.Indexer = &arch.Indexer{Heads: r.Integer("indexer.heads"), KeyDim: r.Integer("indexer.key_dim"), TopK: r.OptionalOr("indexer.top_k", 0)}
	}
}

// plainDims: windowed layers may have heads of another width (load_hparams, the
// keys ending in _swa, src/llama-model.cpp, v0.5.0).
func (r *ggufReader) plainDims(a *arch.Attention, i int, hidden int64) {
	a.KeyDim = r.HeadDim(hidden, a.Heads)
	a.ValueDim = r.OptionalOr("attention.value_dim", a.KeyDim)
	if a.Window > 0 {
		a.KeyDim = r.OptionalOr("attention.window_key_dim", a.KeyDim)
		a.ValueDim = r.OptionalOr("attention.window_value_dim", a.ValueDim)
	}
	if q, ok := r.table[fmt.Sprintf("blk.%d.attn_q.weight", i)]; ok && len(q.Shape) == 2 {
		a.Gated = q.Shape[1] == 2*a.Heads*a.KeyDim
	}
}

// windows follows llama.cpp's load_swa_pattern: a list of booleans, else a
// period, else the family's own; a family without windows ignores the keys. Of
// an architecture that nothing is known of, the keys are taken as they are.
func (r *ggufReader) windows(n int) []int64 {
	sizes := make([]int64, n)
	rule := r.family.Window
	if !r.known {
		rule = &llamacpp.Window{Period: 1}
	}
	stated, given := r.Optional("attention.window")
	size := rule.Size(n, stated, given)
	r.noteWindow(size, stated, given)
	if size == 0 {
		return sizes
	}
	windowed := r.windowRule(n, rule)
	for i := range sizes {
		if windowed(i) {
			sizes[i] = size
		}
	}
	return sizes
}

// noteWindow says where a window comes from that is not the file's.
func (r *ggufReader) noteWindow(size, stated int64, given bool) {
	switch {
	case given && size == stated:
	case given && size == 0:
		r.Note("attention.window", arch.FromDefault, "none: llama.cpp v0.5.0 has no windows in this %s and ignores the key (%d)",
			r.family.Name, stated)
	case given:
		r.Note("attention.window", arch.FromDefault, "llama.cpp v0.5.0 takes %d in %s whatever the key says (%d)", size, r.family.Name, stated)
	case size > 0:
		r.Note("attention.window", arch.FromDefault, "%d, as llama.cpp v0.5.0 assumes in %s where the key is absent", size, r.family.Name)
	}
}

func (r *ggufReader) windowRule(n int, rule *llamacpp.Window) func(int) bool {
	if list, ok := r.Keys["attention.sliding_window_pattern"].Data.([]any); ok {
		if len(list) < n {
			r.Fail("attention.sliding_window_pattern", "has %d entries for %d layers; convert the model again", len(list), n)
			return func(int) bool { return false }
		}
		r.Note("attention.windowed_layers", arch.FromFile, "attention.sliding_window_pattern of %s", r.File)
		return func(i int) bool { return list[i] == true || list[i] == int64(1) }
	}
	period := rule.Period
	if p, ok := r.Optional("attention.period"); ok {
		period = int(p)
	} else {
		which := "last"
		if rule.DenseFirst {
			which = "first"
		}
		r.Note("attention.windowed_layers", arch.FromDefault, "the %s of every %d layers is full, as llama.cpp v0.5.0 assumes in %s",
			which, period, r.family.Name)
	}
	return func(i int) bool { return rule.Windowed(i, period) }
}

// feedForward is dense, a mixture of experts, or both side by side (gemma4).
func (r *ggufReader) feedForward(i int, width []int64, experts *arch.Experts) *arch.FeedForward {
	var ff *arch.FeedForward
	if width != nil && r.hasAny(i, "ffn_up.weight") {
		up := r.table[fmt.Sprintf("blk.%d.ffn_up.weight", i)]
		fused := len(up.Shape) == 2 && up.Shape[1] == 2*width[i]
		ff = &arch.FeedForward{Intermediate: width[i], Gated: fused || r.hasAny(i, "ffn_gate.weight")}
	}
	if experts == nil || !r.hasAny(i, "ffn_gate_inp.weight") || !r.stepsOn(i) {
		return ff
	}
	own := *experts
	if ff == nil {
		ff = &arch.FeedForward{Gated: r.hasAny(i, "ffn_gate_exps.weight", "ffn_gate_up_exps.weight")}
	}
	ff.Experts = &own
	return ff
}

// stepsOn says whether the layer's experts are run, where the family's graph asks the
// file and not the tensors (src/models/ernie4-5-moe.cpp of b11063).
func (r *ggufReader) stepsOn(i int) bool {
	step := r.OptionalOr("experts.step", 1)
	return !r.family.Interleaved || step <= 0 || (int64(i)+1)%step == 0
}

// experts reads widths off the first routed layer's tensors: the metadata
// spells them differently from family to family. Where no layer has experts the
// loader does not ask what the file counts, and there are none.
func (r *ggufReader) experts(n int) *arch.Experts {
	count := r.OptionalOr("experts.count", 0)
	if count == 0 {
		return nil
	}
	for i := range n {
		down, ok := r.table[fmt.Sprintf("blk.%d.ffn_down_exps.weight", i)]
		if !ok || len(down.Shape) != 3 {
			continue
		}
		e := &arch.Experts{Count: count, Used: r.Integer("experts.used"), Intermediate: down.Shape[0]}
		r.Note("experts.intermediate", arch.FromTensors, "%s of %s", down.Name, r.File)
		if shared, ok := r.table[fmt.Sprintf("blk.%d.ffn_down_shexp.weight", i)]; ok {
			e.SharedIntermediate = shared.Shape[0]
			r.Note("experts.shared_width", arch.FromTensors, "%s of %s", shared.Name, r.File)
		}
		e.SharedGate = r.hasAny(i, "ffn_gate_inp_shexp.weight")
		e.RouterBias = r.hasAny(i, "exp_probs_b.bias")
		r.Weigh(e, "expert_weights_norm")
		return e
	}
	return nil
}
