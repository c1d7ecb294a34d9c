package config

import (
	"strings"

	"assay/predict/arch"
)

func (r *Reader) attentions(hidden int64, n int, kinds []string) []*arch.Attention {
	heads, ok := r.PerLayer("attention.heads", n)
	if !ok {
		r.Fail("num_attention_heads", "missing; add the key")
		return nil
	}
	kvHeads, ok := r.PerLayer("attention.kv_heads", n)
	if !ok {
		kvHeads = heads
		r.Note("attention.kv_heads", arch.FromDefault, "the number of query heads, as num_key_value_heads is absent")
	}
	windows, chunked := r.windows(n, kinds)
	bias, qkNorm, sinks := r.attentionExtras()
	mla := r.mla()
	var indexer *arch.Indexer
	if mla != nil {
		indexer = r.indexer()
	}
	out := make([]*arch.Attention, n)
	for i := range out {
		a := &arch.Attention{Heads: heads[i], KVHeads: kvHeads[i], Window: windows[i], Chunked: chunked && windows[i] > 0,
			Bias: bias, QKNorm: qkNorm, Sinks: sinks, Gated: r.Kind != nil && r.Kind.gatedAttention}
		if mla != nil {
			own := *mla
			if indexer != nil {
				chooses := *indexer
				a.Indexer = &chooses
			}
			a.MLA, a.KeyDim, a.ValueDim = &own, mla.NopeDim+mla.RopeDim, mla.ValueDim
		} else {
			a.KeyDim = r.HeadDim(hidden, heads[i])
			a.ValueDim = a.KeyDim
		}
		out[i] = a
	}
	r.globalHeads(out)
	return out
}

// globalHeads gives layers without a window the heads of their own that some
// models state (gemma4): wider ones, and fewer of them where keys are values too.
func (r *Reader) globalHeads(layers []*arch.Attention) {
	dim, hasDim := r.Optional("attention.global_key_dim")
	heads, hasHeads := r.Optional("attention.global_kv_heads")
	sameKV, _ := r.Flag("attention.values_are_keys", "attention_k_eq_v")
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
		a.ValuesAreKeys = sameKV
	}
}

// HeadDim prefers the explicit key, then the type's default, then the quotient.
func (r *Reader) HeadDim(hidden, heads int64) int64 {
	if dim, ok := r.Optional("attention.key_dim"); ok {
		return dim
	}
	if heads == 0 || hidden%heads != 0 {
		r.Fail("head_dim", "missing, and %d hidden ÷ %d heads is no whole number; add the key", hidden, heads)
		return 1
	}
	r.Note("attention.key_dim", arch.FromComputed, "hidden ÷ heads = %d ÷ %d, as head_dim is absent", hidden, heads)
	return hidden / heads
}

// attentionExtras are mostly the model type's own, and no key's.
func (r *Reader) attentionExtras() (bias, qkNorm, sinks bool) {
	bias, said := r.Flag("attention.bias", "attention_bias")
	if r.Kind == nil {
		r.Note("attention.qk_norm", arch.FromHeuristic, "assumed absent: the model type is not known")
		r.Note("attention.sinks", arch.FromHeuristic, "assumed absent: the model type is not known")
		return bias, false, false
	}
	if r.Kind.bias || !said {
		r.Note("attention.bias", arch.FromDefault, "%t for model type %s", bias || r.Kind.bias, r.Kind.Name)
	}
	if qkNorm = r.Kind.qkNorm; r.Kind.saysQKNorm {
		qkNorm, _ = r.Flag("attention.qk_norm", "use_qk_norm")
	} else {
		r.Note("attention.qk_norm", arch.FromDefault, "%t for model type %s", qkNorm, r.Kind.Name)
	}
	r.Note("attention.sinks", arch.FromDefault, "%t for model type %s", r.Kind.sinks, r.Kind.Name)
	return bias || r.Kind.bias, qkNorm, r.Kind.sinks
}

// indexer is what a config says of a sparse attention's; nil: it has none.
func (r *Reader) indexer() *arch.Indexer {
	heads, ok := r.Optional("indexer.heads")
	if !ok {
		return nil
	}
	return &arch.Indexer{Heads: heads, KeyDim: r.Integer("indexer.key_dim"), TopK: r.OptionalOr("indexer.top_k", 0)}
}

func (r *Reader) mla() *arch.MLA {
	rank, ok := r.Optional("mla.kv_lora_rank")
	if !ok {
		return nil
	}
	return &arch.MLA{
		QLoraRank:  r.OptionalOr("mla.q_lora_rank", 0),
		KVLoraRank: rank,
		RopeDim:    r.Integer("mla.rope_dim"),
		NopeDim:    r.Integer("mla.nope_dim"),
		ValueDim:   r.Integer("mla.value_dim"),
	}
}

// windows gives each layer's window, 0 for global attention. Which layers have
// one is said, in this order, by use_sliding_window, layer_types, a period (the
// last layer of each is global) or a first windowed layer; else all have it.
func (r *Reader) windows(n int, kinds []string) (sizes []int64, chunked bool) {
	sizes = make([]int64, n)
	size, ok := r.Optional("attention.window")
	if use, said := r.Flag("attention.window_used", "use_sliding_window"); !ok || size == 0 || said && !use {
		if ok && said && !use {
			r.Note("attention.window", arch.FromFile, "none: use_sliding_window is false, whatever sliding_window (%d) says", size)
		}
		return sizes, false
	}
	chunked = strings.Contains(r.Prov["attention.window"].Detail, "attention_chunk_size")
	windowed := r.windowRule(kinds)
	for i := range sizes {
		if windowed(i) {
			sizes[i] = size
		}
	}
	return sizes, chunked
}

// letterRule: one letter a layer, over and over, L for a windowed (local) layer
// and G for a full (global) one (configuration_exaone4.py of transformers 5.23.0).
func (r *Reader) letterRule(letters string) func(int) bool {
	if strings.Trim(letters, "LG") != "" {
		r.Fail("sliding_window_pattern", "%s is no pattern of L (windowed) and G (full); correct the key", Show(letters))
		return func(int) bool { return false }
	}
	r.Note("attention.windowed_layers", arch.FromFile, "sliding_window_pattern of %s", r.File)
	return func(i int) bool { return letters[i%len(letters)] == 'L' }
}

func (r *Reader) windowRule(kinds []string) func(int) bool {
	if kinds != nil {
		r.Note("attention.windowed_layers", arch.FromFile, "layer_types of %s", r.File)
		return func(i int) bool { return kinds[i] == "sliding_attention" || kinds[i] == "chunked_attention" }
	}
	if letters := r.text("sliding_window_pattern"); letters != "" {
		return r.letterRule(letters)
	}
	if period, ok := r.Optional("attention.period"); ok {
		return func(i int) bool { return (int64(i)+1)%period != 0 }
	}
	if first, ok := r.Optional("attention.window_from"); ok {
		return func(i int) bool { return int64(i) >= first }
	}
	r.Note("attention.windowed_layers", arch.FromComputed, "every layer: a window is given and no pattern")
	return func(int) bool { return true }
}
