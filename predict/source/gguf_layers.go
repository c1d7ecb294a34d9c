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
	if r.family.OwnCache > 0 {
		arch.ShareCaches(layers, r.family.OwnCache)
	}
	return layers
}

// recurrentKindsByTensor tells the kinds apart by a tensor only they have.
var recurrentKindsByTensor = []struct{ tensor, kind string }{
	{"shortconv.conv.weight", "shortconv"},
	{"ssm_ba.weight", "gated-delta"},
	{"ssm_x.weight", "mamba"},
	{"ssm_in.weight", "mamba2"},
	{"time_mix_key.weight", "rwkv"},
}

func (r *ggufReader) recurrentPart(i int, hidden int64) *arch.Recurrent {
	for _, known := range recurrentKindsByTensor {
		if !r.hasAny(i, known.tensor) {
			continue
		}
		heads := r.OptionalOr("recurrent.heads", 0)
		return &arch.Recurrent{
			Kind:       known.kind,
			ConvKernel: r.OptionalOr("recurrent.conv_kernel", 0),
			Inner:      r.OptionalOr("recurrent.inner", hidden),
			State:      r.OptionalOr("recurrent.state", 0),
			Groups:     r.OptionalOr("recurrent.groups", 0),
			Heads:      heads, TimeStepRank: heads,
		}
	}
	return nil
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
		if heads[i] == 0 {
			continue
		}
		a := &arch.Attention{Heads: heads[i], KVHeads: kvHeads[i], Window: windows[i],
			Bias:   r.hasAny(i, "attn_q.bias", "attn_qkv.bias"),
			QKNorm: r.hasAny(i, "attn_q_norm.weight"),
			Sinks:  r.hasAny(i, "attn_sinks.weight"),
		}
		a.Chunked = a.Window > 0 && r.family.Window.Chunked
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
		a.KeyDim = r.HeadDim(hidden, a.Heads)
		a.ValueDim = r.OptionalOr("attention.value_dim", a.KeyDim)
		if q, ok := r.table[fmt.Sprintf("blk.%d.attn_q.weight", i)]; ok && len(q.Shape) == 2 {
			a.Gated = q.Shape[1] == 2*a.Heads*a.KeyDim
		}
		return
	}
	a.MLA = &arch.MLA{
		QLoraRank:  r.OptionalOr("mla.q_lora_rank", 0),
		KVLoraRank: r.Integer("mla.kv_lora_rank"),
		RopeDim:    r.Integer("mla.rope_dim"),
		ValueDim:   r.Integer("mla.value_dim"),
	}
	a.MLA.NopeDim = keyDim - a.MLA.RopeDim
	a.KVHeads, a.KeyDim, a.ValueDim = a.Heads, keyDim, a.MLA.ValueDim
	r.Note("attention.kv_heads", arch.FromComputed, "as many as query heads: the latent serves all of them")
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
		r.Note("attention.window", arch.FromDefault, "none: llama.cpp v0.5.0 has no windows in this %s and ignores the key (%d)", r.family.Name, stated)
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

func (r *ggufReader) feedForward(i int, width []int64, experts *arch.Experts) *arch.FeedForward {
	if experts != nil && r.hasAny(i, "ffn_gate_inp.weight") {
		own := *experts
		return &arch.FeedForward{Gated: r.hasAny(i, "ffn_gate_exps.weight", "ffn_gate_up_exps.weight"), Experts: &own}
	}
	if width == nil || !r.hasAny(i, "ffn_up.weight") {
		return nil
	}
	up := r.table[fmt.Sprintf("blk.%d.ffn_up.weight", i)]
	fused := len(up.Shape) == 2 && up.Shape[1] == 2*width[i]
	return &arch.FeedForward{Intermediate: width[i], Gated: fused || r.hasAny(i, "ffn_gate.weight")}
}

// experts reads widths off the first routed layer's tensors: the metadata
// spells them differently from family to family.
func (r *ggufReader) experts(n int) *arch.Experts {
	count := r.OptionalOr("experts.count", 0)
	if count == 0 {
		return nil
	}
	e := &arch.Experts{Count: count, Used: r.Integer("experts.used")}
	for i := range n {
		down, ok := r.table[fmt.Sprintf("blk.%d.ffn_down_exps.weight", i)]
		if !ok || len(down.Shape) != 3 {
			continue
		}
		e.Intermediate = down.Shape[0]
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
	r.Fail("expert_count", "%d experts, but no layer has ffn_down_exps.weight; convert the model again", count)
	return nil
}
