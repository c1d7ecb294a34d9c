package arch

import "slices"

// KV is one key of a GGUF's metadata. Value is a string, bool, uint32, float32,
// []uint32 or []bool.
type KV struct {
	Key   string
	Value any
}

// key is one entry of a family's own metadata; a nil value leaves it out.
type key struct {
	name  string // without "<arch>."
	value func(*Facts) any
}

// The values that stand in for required keys that a config did not state.
const (
	defaultEpsilon = 1e-5
	defaultContext = 4096
)

// GGUFMetadata is the metadata that llama.cpp v0.5.0 needs to build these
// facts, in the keys and types that its converter writes (conversion/base.py,
// set_gguf_parameters), with the tokenizer left out ("no_vocab"). It fails for a
// family whose layout is not known, naming it.
func (f Facts) GGUFMetadata() ([]KV, error) {
	fam, err := f.family()
	if err != nil {
		return nil, err
	}
	out := []KV{
		{"general.architecture", f.Family},
		{"general.name", f.Name},
		{"tokenizer.ggml.model", "no_vocab"},
	}
	for _, k := range slices.Concat(commonKeys, fam.keys) {
		if v := k.value(&f); v != nil {
			out = append(out, KV{f.Family + "." + k.name, v})
		}
	}
	return out, nil
}

var commonKeys = []key{
	{"vocab_size", func(f *Facts) any { return uint32(f.Vocab) }},
	{"context_length", func(f *Facts) any { return uint32(orDefault(f.ContextLength, defaultContext)) }},
	{"embedding_length", func(f *Facts) any { return uint32(f.Hidden) }},
	{"block_count", func(f *Facts) any { return uint32(len(f.Layers)) }},
	{"feed_forward_length", feedForwardLength},
	{"attention.head_count", headCount},
	{"attention.head_count_kv", kvHeadCount},
	{"attention.key_length", func(f *Facts) any { return anyAttention(f, cachedKeyDim) }},
	{"attention.value_length", func(f *Facts) any { return anyAttention(f, cachedValueDim) }},
	{"attention.layer_norm_rms_epsilon", func(f *Facts) any { return epsilon(f, false) }},
	{"attention.layer_norm_epsilon", func(f *Facts) any { return epsilon(f, true) }},
	{"attention.sliding_window", windowKey},
	{"attention.sliding_window_pattern", windowPatternKey},
	{"rope.freq_base", ropeBase},
	{"expert_count", func(f *Facts) any { return anyExperts(f, func(e *Experts) int64 { return e.Count }) }},
	{"expert_used_count", func(f *Facts) any { return anyExperts(f, func(e *Experts) int64 { return e.Used }) }},
	{"expert_feed_forward_length", func(f *Facts) any { return anyExperts(f, func(e *Experts) int64 { return e.Intermediate }) }},
	{"expert_shared_feed_forward_length", func(f *Facts) any {
		return anyExperts(f, func(e *Experts) int64 { return e.SharedIntermediate })
	}},
}

// cachedHeads, cachedKeyDim and cachedValueDim are what llama.cpp's cache
// holds: with latent attention one head of the latent and its rotated part
// (conversion/deepseek.py of v0.5.0).
func cachedHeads(a *Attention) int64 {
	if a.MLA != nil {
		return 1
	}
	return a.KVHeads
}

func cachedKeyDim(a *Attention) int64 {
	if a.MLA != nil {
		return a.MLA.KVLoraRank + a.MLA.RopeDim
	}
	return a.KeyDim
}

func cachedValueDim(a *Attention) int64 {
	if a.MLA != nil {
		return a.MLA.KVLoraRank
	}
	return a.ValueDim
}

// perLayerKey is one number where all layers agree, else one per layer; nil
// where every layer has 0.
func perLayerKey(f *Facts, of func(*Layer) int64) any {
	list := make([]uint32, len(f.Layers))
	same, zero := true, true
	for i := range f.Layers {
		list[i] = uint32(of(&f.Layers[i]))
		same = same && list[i] == list[0]
		zero = zero && list[i] == 0
	}
	switch {
	case zero:
		return nil
	case same:
		return list[0]
	}
	return list
}

// headCount is one number where all attention layers agree: llama.cpp takes the
// head dimension of a hybrid from its first layer, whatever that is.
func headCount(f *Facts) any {
	a := f.attention()
	if a == nil {
		return nil
	}
	return eachAttention(f, a.Heads, func(a *Attention) int64 { return a.Heads })
}

// kvHeadCount is 0 for the layers without attention where the loader tells
// recurrent layers by that.
func kvHeadCount(f *Facts) any {
	a := f.attention()
	switch {
	case a == nil:
		return nil
	case families[f.Family].zeroKVHeads:
		return eachAttention(f, 0, cachedHeads)
	}
	return eachAttention(f, cachedHeads(a), cachedHeads)
}

// ropeBase is left to the loader's default where no source states it.
func ropeBase(f *Facts) any {
	if f.RopeBase == 0 {
		return nil
	}
	return float32(f.RopeBase)
}

func epsilon(f *Facts, layerNorm bool) any {
	if families[f.Family].layerNorm != layerNorm {
		return nil
	}
	return float32(orDefault(f.NormEpsilon, defaultEpsilon))
}

// eachAttention gives layers without attention the value of none.
func eachAttention(f *Facts, none int64, of func(*Attention) int64) any {
	return perLayerKey(f, func(l *Layer) int64 {
		if l.Attention == nil {
			return none
		}
		return of(l.Attention)
	})
}

// anyAttention is a fact that all attention layers share.
func anyAttention(f *Facts, of func(*Attention) int64) any {
	if a := f.attention(); a != nil {
		return uint32(of(a))
	}
	return nil
}

// anyExperts is a fact that all routed layers share, nil without experts or at 0.
func anyExperts(f *Facts, of func(*Experts) int64) any {
	e := f.experts()
	if e == nil || of(e) == 0 {
		return nil
	}
	return uint32(of(e))
}

// experts is the first routed layer's mixture, nil in a dense model.
func (f *Facts) experts() *Experts {
	for i := range f.Layers {
		if ff := f.Layers[i].FeedForward; ff != nil && ff.Experts != nil {
			return ff.Experts
		}
	}
	return nil
}

// feedForwardLength is the dense layers' width: one number, or one per layer
// where they differ or some have no feed-forward. Where every layer is routed,
// or the loader looks there for it, it is the experts' width.
func feedForwardLength(f *Facts) any {
	e := f.experts()
	if e != nil && families[f.Family].expertWidthIsDense {
		return uint32(e.Intermediate)
	}
	dense, everywhere := f.denseWidths()
	if len(dense) <= 1 && everywhere {
		switch {
		case len(dense) == 1:
			return uint32(dense[0])
		case e != nil:
			return uint32(e.Intermediate)
		}
	}
	return perLayerKey(f, func(l *Layer) int64 {
		switch {
		case l.FeedForward == nil:
			return 0
		case l.FeedForward.Experts != nil:
			return l.FeedForward.Experts.Intermediate
		}
		return l.FeedForward.Intermediate
	})
}

// denseWidths are the different widths of dense layers, and whether every
// layer has a feed-forward of some kind.
func (f *Facts) denseWidths() (widths []int64, everywhere bool) {
	everywhere = true
	for i := range f.Layers {
		ff := f.Layers[i].FeedForward
		switch {
		case ff == nil:
			everywhere = false
		case ff.Experts == nil && !slices.Contains(widths, ff.Intermediate):
			widths = append(widths, ff.Intermediate)
		}
	}
	return widths, everywhere
}

func windowKey(f *Facts) any {
	if families[f.Family].windowPeriod == 0 {
		return nil
	}
	if size := f.window(); size > 0 {
		return uint32(size)
	}
	return nil
}

// window is the window of the windowed layers, 0 where there is none.
func (f *Facts) window() int64 {
	for i := range f.Layers {
		if a := f.Layers[i].Attention; a != nil && a.Window > 0 {
			return a.Window
		}
	}
	return 0
}

// windowPatternKey is left out where the loader's own period says the same, as
// releases before the key existed assume it.
func windowPatternKey(f *Facts) any {
	period := families[f.Family].windowPeriod
	if period == 0 || f.window() == 0 {
		return nil
	}
	pattern := make([]bool, len(f.Layers))
	usual := true
	for i := range f.Layers {
		a := f.Layers[i].Attention
		pattern[i] = a != nil && a.Window > 0
		usual = usual && pattern[i] == ((i+1)%period != 0)
	}
	if usual {
		return nil
	}
	return pattern
}

func orDefault[T int64 | float64](v, absent T) T {
	if v == 0 {
		return absent
	}
	return v
}
