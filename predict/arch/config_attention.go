package arch

import (
	"strings"
)

func (r *reader) attentions(hidden int64, n int, kinds []string) []*Attention {
	heads, ok := r.perLayer("attention.heads", n)
	if !ok {
		r.fail("num_attention_heads", "missing; add the key")
		return nil
	}
	kvHeads, ok := r.perLayer("attention.kv_heads", n)
	if !ok {
		kvHeads = heads
		r.note("attention.kv_heads", FromDefault, "the number of query heads, as num_key_value_heads is absent")
	}
	windows, chunked := r.windows(n, kinds)
	bias, qkNorm, sinks := r.attentionExtras()
	mla := r.mla()
	out := make([]*Attention, n)
	for i := range out {
		a := &Attention{Heads: heads[i], KVHeads: kvHeads[i], Window: windows[i], Chunked: chunked && windows[i] > 0,
			Bias: bias, QKNorm: qkNorm, Sinks: sinks, Gated: r.kind != nil && r.kind.gatedAttention}
		if mla != nil {
			own := *mla
			a.MLA, a.KeyDim, a.ValueDim = &own, mla.NopeDim+mla.RopeDim, mla.ValueDim
		} else {
			a.KeyDim = r.headDim(hidden, heads[i])
			a.ValueDim = a.KeyDim
		}
		out[i] = a
	}
	r.globalHeads(out)
	return out
}

// globalHeads gives layers without a window the heads of their own that some
// models state (gemma4): wider ones, and fewer of them where keys are values too.
func (r *reader) globalHeads(layers []*Attention) {
	dim, hasDim := r.optional("attention.global_key_dim")
	heads, hasHeads := r.optional("attention.global_kv_heads")
	sameKV, _ := r.flag("attention.values_are_keys", "attention_k_eq_v")
	for _, a := range layers {
		if a.Window > 0 {
			continue
		}
		if hasDim {
			a.KeyDim, a.ValueDim = dim, dim
		}
		if hasHeads && sameKV {
			a.KVHeads = heads
		}
	}
}

// headDim prefers the explicit key, then the type's default, then the quotient.
func (r *reader) headDim(hidden, heads int64) int64 {
	if dim, ok := r.optional("attention.key_dim"); ok {
		return dim
	}
	if heads == 0 || hidden%heads != 0 {
		r.fail("head_dim", "missing, and %d hidden ÷ %d heads is no whole number; add the key", hidden, heads)
		return 1
	}
	r.note("attention.key_dim", FromComputed, "hidden ÷ heads = %d ÷ %d, as head_dim is absent", hidden, heads)
	return hidden / heads
}

// attentionExtras are mostly the model type's own, and no key's.
func (r *reader) attentionExtras() (bias, qkNorm, sinks bool) {
	bias, said := r.flag("attention.bias", "attention_bias")
	if r.kind == nil {
		r.note("attention.qk_norm", FromHeuristic, "assumed absent: the model type is not known")
		r.note("attention.sinks", FromHeuristic, "assumed absent: the model type is not known")
		return bias, false, false
	}
	if r.kind.bias || !said {
		r.note("attention.bias", FromDefault, "%t for model type %s", bias || r.kind.bias, r.kind.name)
	}
	r.note("attention.qk_norm", FromDefault, "%t for model type %s", r.kind.qkNorm, r.kind.name)
	r.note("attention.sinks", FromDefault, "%t for model type %s", r.kind.sinks, r.kind.name)
	return bias || r.kind.bias, r.kind.qkNorm, r.kind.sinks
}

func (r *reader) mla() *MLA {
	rank, ok := r.optional("mla.kv_lora_rank")
	if !ok {
		return nil
	}
	return &MLA{
		QLoraRank:  r.optionalOr("mla.q_lora_rank", 0),
		KVLoraRank: rank,
		RopeDim:    r.integer("mla.rope_dim"),
		NopeDim:    r.integer("mla.nope_dim"),
		ValueDim:   r.integer("mla.value_dim"),
	}
}

// windows gives each layer's window, 0 for global attention. Which layers have
// one is said, in this order, by use_sliding_window, layer_types, a period (the
// last layer of each is global) or a first windowed layer; else all have it.
func (r *reader) windows(n int, kinds []string) (sizes []int64, chunked bool) {
	sizes = make([]int64, n)
	size, ok := r.optional("attention.window")
	if use, said := r.flag("attention.window_used", "use_sliding_window"); !ok || size == 0 || said && !use {
		if ok && said && !use {
			r.note("attention.window", FromFile, "none: use_sliding_window is false, whatever sliding_window (%d) says", size)
		}
		return sizes, false
	}
	chunked = strings.Contains(r.prov["attention.window"].Detail, "attention_chunk_size")
	windowed := r.windowRule(kinds)
	for i := range sizes {
		if windowed(i) {
			sizes[i] = size
		}
	}
	return sizes, chunked
}

func (r *reader) windowRule(kinds []string) func(int) bool {
	if kinds != nil {
		r.note("attention.windowed_layers", FromFile, "layer_types of %s", r.file)
		return func(i int) bool { return kinds[i] == "sliding_attention" || kinds[i] == "chunked_attention" }
	}
	if period, ok := r.optional("attention.period"); ok {
		return func(i int) bool { return (int64(i)+1)%period != 0 }
	}
	if first, ok := r.optional("attention.window_from"); ok {
		return func(i int) bool { return int64(i) >= first }
	}
	r.note("attention.windowed_layers", FromComputed, "every layer: a window is given and no pattern")
	return func(int) bool { return true }
}
