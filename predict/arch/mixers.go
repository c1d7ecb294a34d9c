package arch

import "strings"

// mix says what one layer consists of.
type mix struct{ attention, recurrent, feedForward bool }

// mixRule says it for each of a model's n layers; kinds is layer_types or nil.
type mixRule func(r *reader, n int, kinds []string) []mix

func attentionOnly(_ *reader, n int, _ []string) []mix { return repeat(mix{true, false, true}, n) }
func recurrentOnly(_ *reader, n int, _ []string) []mix { return repeat(mix{false, true, false}, n) }
func bothEverywhere(_ *reader, n int, _ []string) []mix {
	return repeat(mix{true, true, true}, n)
}

func repeat(m mix, n int) []mix {
	out := make([]mix, n)
	for i := range out {
		out[i] = m
	}
	return out
}

// attentionKinds are the names that layer_types and layers_block_type give an
// attention layer; recurrentKinds and feedForwardKinds the others.
var (
	attentionKinds   = map[string]bool{"attention": true, "full_attention": true, "sliding_attention": true, "chunked_attention": true}
	recurrentKinds   = map[string]bool{"mamba": true, "mamba2": true, "linear_attention": true, "conv": true}
	feedForwardKinds = map[string]bool{"mlp": true, "moe": true}
)

// byAttentionIndexes: layer_types, or full_attn_idxs of configs before that key.
func byAttentionIndexes(r *reader, n int, kinds []string) []mix {
	attends := r.indexes("full_attn_idxs", n)
	if kinds != nil || attends == nil {
		return byLayerTypes(r, n, kinds)
	}
	r.note("mixers", FromFile, "full_attn_idxs of %s", r.file)
	out := repeat(mix{false, true, true}, n)
	for _, i := range attends {
		out[i] = mix{true, false, true}
	}
	return out
}

// byLayerTypes: every layer has a feed-forward behind the mixer that layer_types names.
func byLayerTypes(r *reader, n int, kinds []string) []mix {
	if kinds == nil {
		r.fail("layer_types", "missing; add one of attention and mamba (or conv) per layer")
		return nil
	}
	r.note("mixers", FromFile, "layer_types of %s", r.file)
	out := make([]mix, n)
	for i, kind := range kinds {
		if !attentionKinds[kind] && !recurrentKinds[kind] {
			r.fail("layer_types", "%s is no known layer; correct the key", show(kind))
		}
		out[i] = mix{attentionKinds[kind], recurrentKinds[kind], true}
	}
	return out
}

// byPattern: each layer is one thing alone, spelled in hybrid_override_pattern
// (M mixer, * attention, - MLP, E experts) or layers_block_type.
func byPattern(r *reader, n int, kinds []string) []mix {
	letters := map[rune]string{'M': "mamba", '*': "attention", '-': "mlp", 'E': "moe"}
	if pattern := r.text("hybrid_override_pattern"); pattern != "" {
		kinds = nil
		for _, c := range strings.ReplaceAll(pattern, "|", "") {
			kinds = append(kinds, letters[c])
		}
		r.note("mixers", FromFile, "hybrid_override_pattern of %s", r.file)
	} else if list := r.strings("layers_block_type", n); list != nil {
		kinds = list
		r.note("mixers", FromFile, "layers_block_type of %s", r.file)
	}
	if len(kinds) != n {
		r.fail("hybrid_override_pattern", "spells %d layers of %d; correct the key", len(kinds), n)
		return nil
	}
	out := make([]mix, n)
	for i, kind := range kinds {
		out[i] = mix{attentionKinds[kind], recurrentKinds[kind], feedForwardKinds[kind]}
	}
	return out
}

// byInterval: the last layer of each interval is attention, the others recurrent.
func byInterval(r *reader, n int, kinds []string) []mix {
	if kinds != nil {
		return byLayerTypes(r, n, kinds)
	}
	interval := r.integer("attention.interval")
	out := make([]mix, n)
	for i := range out {
		attends := interval > 0 && (int64(i)+1)%interval == 0
		out[i] = mix{attends, !attends, true}
	}
	return out
}

// byAttentionPeriod: one layer of each period is attention, at an offset.
func byAttentionPeriod(r *reader, n int, _ []string) []mix {
	period, offset := r.integer("attention.mix_period"), r.optionalOr("attention.mix_offset", 0)
	out := make([]mix, n)
	for i := range out {
		attends := int64(i)%period == offset
		out[i] = mix{attends, !attends, true}
	}
	return out
}

// mambaPart reads a Mamba mixer, whose heads are one channel wide.
func mambaPart(r *reader, hidden int64) *Recurrent {
	p := &Recurrent{Kind: "mamba", ConvKernel: r.integer("recurrent.conv_kernel"), State: r.integer("recurrent.state")}
	inner, hasInner := r.optional("recurrent.inner")
	if p.Inner = inner; !hasInner {
		expand := r.integer("recurrent.expand")
		p.Inner = expand * hidden
		r.note("recurrent.inner", FromComputed, "expansion × hidden = %d × %d", expand, hidden)
	}
	p.TimeStepRank = r.optionalOr("recurrent.rank", (hidden+15)/16)
	return p
}

// mamba2Part reads a Mamba 2 mixer; the inner width is stated, or heads × head
// dimension, or an expansion of the hidden size.
func mamba2Part(r *reader, hidden int64) *Recurrent {
	p := &Recurrent{
		Kind:       "mamba2",
		ConvKernel: r.integer("recurrent.conv_kernel"),
		State:      r.integer("recurrent.state"),
		Groups:     r.optionalOr("recurrent.groups", 1),
		Heads:      r.integer("recurrent.heads"),
	}
	dim, hasDim := r.optional("recurrent.head_dim")
	inner, hasInner := r.optional("recurrent.inner")
	expand, hasExpand := r.optional("recurrent.expand")
	switch {
	case hasInner:
		p.Inner = inner
	case hasDim:
		p.Inner = p.Heads * dim
		r.note("recurrent.inner", FromComputed, "heads × head dimension = %d × %d", p.Heads, dim)
	case hasExpand:
		p.Inner = expand * hidden
		r.note("recurrent.inner", FromComputed, "expansion × hidden = %d × %d", expand, hidden)
	default:
		r.fail("mamba_d_head", "missing; add the key, or mamba_expand")
	}
	if hasDim && p.Inner != p.Heads*dim {
		r.fail("mamba_d_ssm", "%d is not heads × head dimension = %d × %d; correct one of them", p.Inner, p.Heads, dim)
	}
	p.TimeStepRank = p.Heads
	return p
}

// shortConvPart reads a gated short convolution over the hidden size.
func shortConvPart(r *reader, hidden int64) *Recurrent {
	return &Recurrent{Kind: "shortconv", ConvKernel: r.integer("recurrent.conv_kernel"), Inner: hidden}
}

// gatedDeltaPart reads a gated delta net: State is the keys' head dimension,
// Groups the key heads, Heads the value heads.
func gatedDeltaPart(r *reader, _ int64) *Recurrent {
	p := &Recurrent{
		Kind:       "gated-delta",
		ConvKernel: r.integer("recurrent.conv_kernel"),
		State:      r.integer("recurrent.state"),
		Groups:     r.integer("recurrent.groups"),
		Heads:      r.integer("recurrent.heads"),
	}
	dim := r.integer("recurrent.head_dim")
	p.Inner = p.Heads * dim
	r.note("recurrent.inner", FromComputed, "heads × head dimension = %d × %d", p.Heads, dim)
	p.TimeStepRank = p.Heads
	return p
}
