package arch

import (
	"fmt"
)

func (r *ggufReader) layers(hidden int64) []Layer {
	all := int(r.integer("layers"))
	attention := r.attentions(hidden, all)
	width, _ := r.perLayer("feed_forward.intermediate", all)
	experts := r.experts(all)
	if len(r.errs) > 0 {
		return nil
	}
	r.note("feed_forward.gated", FromTensors, "whether %s has ffn_gate.weight or ffn_gate_exps.weight in the block", r.file)
	layers := make([]Layer, all-min(all, int(r.optionalOr("draft_layers", 0))))
	for i := range layers {
		layers[i] = Layer{Recurrent: r.recurrentPart(i, hidden), FeedForward: r.feedForward(i, width, experts)}
		if attention != nil && r.hasAny(i, "attn_k.weight", "attn_output.weight") {
			layers[i].Attention = attention[i]
		}
	}
	if r.family != nil && r.family.ownCache > 0 {
		shareCaches(layers, r.family.ownCache)
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

func (r *ggufReader) recurrentPart(i int, hidden int64) *Recurrent {
	for _, known := range recurrentKindsByTensor {
		if !r.hasAny(i, known.tensor) {
			continue
		}
		heads := r.optionalOr("recurrent.heads", 0)
		return &Recurrent{
			Kind:       known.kind,
			ConvKernel: r.optionalOr("recurrent.conv_kernel", 0),
			Inner:      r.optionalOr("recurrent.inner", hidden),
			State:      r.optionalOr("recurrent.state", 0),
			Groups:     r.optionalOr("recurrent.groups", 0),
			Heads:      heads, TimeStepRank: heads,
		}
	}
	return nil
}

func (r *ggufReader) attentions(hidden int64, n int) []*Attention {
	heads, ok := r.perLayer("attention.heads", n)
	if !ok {
		return nil
	}
	kvHeads, ok := r.perLayer("attention.kv_heads", n)
	if !ok {
		kvHeads = heads
		r.note("attention.kv_heads", FromDefault, "the number of query heads, as attention.head_count_kv is absent")
	}
	windows := r.windows(n)
	for field, tensor := range map[string]string{"bias": "attn_q.bias or attn_qkv.bias",
		"qk_norm": "attn_q_norm.weight", "sinks": "attn_sinks.weight"} {
		r.note("attention."+field, FromTensors, "whether %s has %s in the block", r.file, tensor)
	}
	out := make([]*Attention, n)
	for i := range out {
		if heads[i] == 0 {
			continue
		}
		a := &Attention{Heads: heads[i], KVHeads: kvHeads[i], Window: windows[i],
			Bias:   r.hasAny(i, "attn_q.bias", "attn_qkv.bias"),
			QKNorm: r.hasAny(i, "attn_q_norm.weight"),
			Sinks:  r.hasAny(i, "attn_sinks.weight"),
		}
		a.Chunked = a.Window > 0 && r.family != nil && r.family.chunk > 0
		r.dims(a, i, hidden)
		out[i] = a
	}
	return out
}

// dims sets the head dimensions. With latent attention the plain keys describe
// the cached latent, and those ending in _mla the heads.
func (r *ggufReader) dims(a *Attention, i int, hidden int64) {
	keyDim, ok := r.optional("mla.key_dim")
	if !ok || !r.hasAny(i, "attn_k_b.weight") {
		a.KeyDim = r.headDim(hidden, a.Heads)
		a.ValueDim = r.optionalOr("attention.value_dim", a.KeyDim)
		if q, ok := r.table[fmt.Sprintf("blk.%d.attn_q.weight", i)]; ok && len(q.Shape) == 2 {
			a.Gated = q.Shape[1] == 2*a.Heads*a.KeyDim
		}
		return
	}
	a.MLA = &MLA{
		QLoraRank:  r.optionalOr("mla.q_lora_rank", 0),
		KVLoraRank: r.integer("mla.kv_lora_rank"),
		RopeDim:    r.integer("mla.rope_dim"),
		ValueDim:   r.integer("mla.value_dim"),
	}
	a.MLA.NopeDim = keyDim - a.MLA.RopeDim
	a.KVHeads, a.KeyDim, a.ValueDim = a.Heads, keyDim, a.MLA.ValueDim
	r.note("attention.kv_heads", FromComputed, "as many as query heads: the latent serves all of them")
}

// windows follows llama.cpp's load_swa_pattern: a list of booleans, else a
// period, else the family's own; a family without windows ignores the keys.
func (r *ggufReader) windows(n int) []int64 {
	sizes := make([]int64, n)
	size, given := r.optional("attention.window")
	if r.family != nil && r.family.chunk > 0 && (!given || size > 0) {
		size = r.family.chunk
		r.note("attention.window", FromDefault, "llama.cpp v0.5.0 chunks %s at %d whatever the key says", r.family.name, size)
	}
	if size == 0 {
		return sizes
	}
	if r.family != nil && r.family.windowPeriod == 0 {
		r.note("attention.window", FromDefault, "none: llama.cpp v0.5.0 has no windows in %s and ignores the key (%d)", r.family.name, size)
		return sizes
	}
	windowed := r.windowRule(n)
	for i := range sizes {
		if windowed(i) {
			sizes[i] = size
		}
	}
	return sizes
}

func (r *ggufReader) windowRule(n int) func(int) bool {
	if list, ok := r.keys["attention.sliding_window_pattern"].data.([]any); ok {
		if len(list) < n {
			r.fail("attention.sliding_window_pattern", "has %d entries for %d layers; convert the model again", len(list), n)
			return func(int) bool { return false }
		}
		r.note("attention.windowed_layers", FromFile, "attention.sliding_window_pattern of %s", r.file)
		return func(i int) bool { return list[i] == true || list[i] == int64(1) }
	}
	period := 1
	if r.family != nil {
		period = r.family.windowPeriod
	}
	if p, ok := r.optional("attention.period"); ok {
		period = int(p)
	} else {
		r.note("attention.windowed_layers", FromDefault, "the last of every %d layers is global, as llama.cpp v0.5.0 assumes", period)
	}
	return func(i int) bool { return period == 0 || i%period < period-1 }
}

func (r *ggufReader) feedForward(i int, width []int64, experts *Experts) *FeedForward {
	if experts != nil && r.hasAny(i, "ffn_gate_inp.weight") {
		own := *experts
		return &FeedForward{Gated: r.hasAny(i, "ffn_gate_exps.weight", "ffn_gate_up_exps.weight"), Experts: &own}
	}
	if width == nil || !r.hasAny(i, "ffn_up.weight") {
		return nil
	}
	up := r.table[fmt.Sprintf("blk.%d.ffn_up.weight", i)]
	fused := len(up.Shape) == 2 && up.Shape[1] == 2*width[i]
	return &FeedForward{Intermediate: width[i], Gated: fused || r.hasAny(i, "ffn_gate.weight")}
}

// experts reads widths off the first routed layer's tensors: the metadata
// spells them differently from family to family.
func (r *ggufReader) experts(n int) *Experts {
	count := r.optionalOr("experts.count", 0)
	if count == 0 {
		return nil
	}
	e := &Experts{Count: count, Used: r.integer("experts.used")}
	for i := range n {
		down, ok := r.table[fmt.Sprintf("blk.%d.ffn_down_exps.weight", i)]
		if !ok || len(down.Shape) != 3 {
			continue
		}
		e.Intermediate = down.Shape[0]
		r.note("experts.intermediate", FromTensors, "%s of %s", down.Name, r.file)
		if shared, ok := r.table[fmt.Sprintf("blk.%d.ffn_down_shexp.weight", i)]; ok {
			e.SharedIntermediate = shared.Shape[0]
			r.note("experts.shared_width", FromTensors, "%s of %s", shared.Name, r.file)
		}
		e.SharedGate = r.hasAny(i, "ffn_gate_inp_shexp.weight")
		e.RouterBias = r.hasAny(i, "exp_probs_b.bias")
		r.weigh(e, "expert_weights_norm")
		return e
	}
	r.fail("expert_count", "%d experts, but no layer has ffn_down_exps.weight; convert the model again", count)
	return nil
}
