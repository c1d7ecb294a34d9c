package llamacpp

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"assay/predict/arch"
)

// KV is one key of a GGUF's metadata. Value is a string, bool, uint32, float32,
// []uint32 or []bool.
type KV struct {
	Key   string
	Value any
}

// The values that stand in for required keys that a config did not state.
const (
	defaultEpsilon = 1e-5
	defaultContext = 4096
)

// Metadata is the metadata that llama.cpp v0.5.0 needs to build these
// facts, in the keys and types that its converter writes (conversion/base.py,
// set_gguf_parameters), with the tokenizer left out ("no_vocab"). It fails for a
// family whose layout is not known, naming it.
func Metadata(f arch.Facts) ([]KV, error) {
	fam, err := familyOf(f)
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
	{"vocab_size", func(f *arch.Facts) any { return uint32(f.Vocab) }},
	{"context_length", func(f *arch.Facts) any { return uint32(cmp.Or(f.ContextLength, defaultContext)) }},
	{"embedding_length", func(f *arch.Facts) any { return uint32(f.Hidden) }},
	{"block_count", func(f *arch.Facts) any { return uint32(len(f.Layers)) }},
	{"feed_forward_length", feedForwardLength},
	{"attention.head_count", headCount},
	{"attention.head_count_kv", kvHeadCount},
	{"attention.key_length", func(f *arch.Facts) any { return fullAttention(f, cachedKeyDim) }},
	{"attention.value_length", func(f *arch.Facts) any { return fullAttention(f, cachedValueDim) }},
	{"attention.layer_norm_rms_epsilon", func(f *arch.Facts) any { return epsilon(f, false) }},
	{"attention.layer_norm_epsilon", func(f *arch.Facts) any { return epsilon(f, true) }},
	{"attention.sliding_window", windowKey},
	{"attention.sliding_window_pattern", windowPatternKey},
	{"rope.freq_base", ropeBase},
	{"expert_count", func(f *arch.Facts) any { return anyExperts(f, func(e *arch.Experts) int64 { return e.Count }) }},
	{"expert_used_count", func(f *arch.Facts) any { return anyExperts(f, func(e *arch.Experts) int64 { return e.Used }) }},
	{"expert_feed_forward_length", func(f *arch.Facts) any { return anyExperts(f, func(e *arch.Experts) int64 { return e.Intermediate }) }},
	{"expert_shared_feed_forward_length", func(f *arch.Facts) any {
		return anyExperts(f, func(e *arch.Experts) int64 { return e.SharedIntermediate })
	}},
}

// cachedHeads, cachedKeyDim and cachedValueDim are what llama.cpp's cache
// holds: with latent attention one head of the latent and its rotated part
// (conversion/deepseek.py of v0.5.0).
func cachedHeads(a *arch.Attention) int64 {
	if a.MLA != nil {
		return 1
	}
	return a.KVHeads
}

func cachedKeyDim(a *arch.Attention) int64 {
	if a.MLA != nil {
		return a.MLA.KVLoraRank + a.MLA.RopeDim
	}
	return a.KeyDim
}

func cachedValueDim(a *arch.Attention) int64 {
	if a.MLA != nil {
		return a.MLA.KVLoraRank
	}
	return a.ValueDim
}

// perLayerKey is one number where all layers agree, else one per layer; nil
// where every layer has 0.
func perLayerKey(f *arch.Facts, of func(*arch.Layer) int64) any {
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
func headCount(f *arch.Facts) any {
	a := f.FirstAttention()
	if a == nil {
		return nil
	}
	return eachAttention(f, a.Heads, func(a *arch.Attention) int64 { return a.Heads })
}

// kvHeadCount is 0 for the layers without attention where the loader tells
// recurrent layers by that.
func kvHeadCount(f *arch.Facts) any {
	a := f.FirstAttention()
	switch {
	case a == nil:
		return nil
	case of(f).zeroKVHeads:
		return eachAttention(f, 0, cachedHeads)
	}
	return eachAttention(f, cachedHeads(a), cachedHeads)
}

// ropeBase is left to the loader's default where no source states it.
func ropeBase(f *arch.Facts) any {
	if f.RopeBase == 0 {
		return nil
	}
	return float32(f.RopeBase)
}

func epsilon(f *arch.Facts, layerNorm bool) any {
	if of(f).layerNorm != layerNorm && !of(f).bothEpsilons {
		return nil
	}
	return float32(cmp.Or(f.NormEpsilon, defaultEpsilon))
}

// eachAttention gives layers without attention the value of none.
func eachAttention(f *arch.Facts, none int64, of func(*arch.Attention) int64) any {
	return perLayerKey(f, func(l *arch.Layer) int64 {
		if l.Attention == nil {
			return none
		}
		return of(l.Attention)
	})
}

// anyAttention is a fact that all attention layers share.
func anyAttention(f *arch.Facts, of func(*arch.Attention) int64) any {
	if a := f.FirstAttention(); a != nil {
		return uint32(of(a))
	}
	return nil
}

// fullAttention is a fact that all layers without a window share, or else all.
func fullAttention(f *arch.Facts, of func(*arch.Attention) int64) any {
	for i := range f.Layers {
		if a := f.Layers[i].Attention; a != nil && a.Window == 0 {
			return uint32(of(a))
		}
	}
	return anyAttention(f, of)
}

// windowedAttention is a fact that all layers with a window share, nil without one.
func windowedAttention(f *arch.Facts, of func(*arch.Attention) int64) any {
	for i := range f.Layers {
		if a := f.Layers[i].Attention; a != nil && a.Window > 0 {
			return uint32(of(a))
		}
	}
	return nil
}

// anyExperts is a fact that all routed layers share, nil without experts or at 0.
func anyExperts(f *arch.Facts, of func(*arch.Experts) int64) any {
	e := f.FirstExperts()
	if e == nil || of(e) == 0 {
		return nil
	}
	return uint32(of(e))
}

// feedForwardLength is the dense layers' width: one number, or one per layer
// where they differ or some have no feed-forward. Where every layer is routed,
// or the loader looks there for it, it is the experts' width.
func feedForwardLength(f *arch.Facts) any {
	e := f.FirstExperts()
	if e != nil && of(f).expertWidthIsDense {
		return uint32(e.Intermediate)
	}
	dense, everywhere := denseWidths(f)
	if len(dense) <= 1 && everywhere {
		switch {
		case len(dense) == 1:
			return uint32(dense[0])
		case e != nil:
			return uint32(e.Intermediate)
		}
	}
	return perLayerKey(f, func(l *arch.Layer) int64 {
		switch {
		case l.FeedForward == nil:
			return 0
		case l.FeedForward.Experts != nil && l.FeedForward.Intermediate == 0:
			return l.FeedForward.Experts.Intermediate
		}
		return l.FeedForward.Intermediate
	})
}

// denseWidths are the different widths of dense MLPs, and whether every
// layer has a feed-forward of some kind.
func denseWidths(f *arch.Facts) (widths []int64, everywhere bool) {
	everywhere = true
	for i := range f.Layers {
		ff := f.Layers[i].FeedForward
		switch {
		case ff == nil:
			everywhere = false
		case (ff.Experts == nil || ff.Intermediate > 0) && !slices.Contains(widths, ff.Intermediate):
			widths = append(widths, ff.Intermediate)
		}
	}
	return widths, everywhere
}

func windowKey(f *arch.Facts) any {
	if of(f).Window == nil {
		return nil
	}
	if size := f.Window(); size > 0 {
		return uint32(size)
	}
	return nil
}

// of is the family of the facts.
func of(f *arch.Facts) *Family {
	fam, _ := Of(f.Family)
	return fam
}

// windowPatternKey is left out where the loader's own period says the same, as
// releases before the key existed assume it.
func windowPatternKey(f *arch.Facts) any {
	w := of(f).Window
	if w == nil || f.Window() == 0 {
		return nil
	}
	pattern := make([]bool, len(f.Layers))
	usual := true
	for i := range f.Layers {
		a := f.Layers[i].Attention
		pattern[i] = a != nil && a.Window > 0
		usual = usual && pattern[i] == w.Windowed(i, w.Period)
	}
	if usual && w.Period > 0 {
		return nil
	}
	return pattern
}

func familyOf(f arch.Facts) (*Family, error) {
	fam, _ := Of(f.Family)
	if !fam.HasLayout() {
		return nil, fmt.Errorf("no GGUF layout is known for the family %q (model type %q); known are %s",
			f.Family, f.ModelType, strings.Join(knownLayouts(), ", "))
	}
	return fam, nil
}

func knownLayouts() []string {
	var names []string
	for _, f := range All() {
		if f.HasLayout() {
			names = append(names, f.Name)
		}
	}
	return names
}
