package config

import (
	"strings"

	"assay/predict/arch"
)

func attentionOnly(_ *Reader, n int, _ []string) []mix {
	return repeat(mix{attention: true, feedForward: true}, n)
}

func recurrentOnly(_ *Reader, n int, _ []string) []mix { return repeat(mix{recurrent: true}, n) }

func bothEverywhere(_ *Reader, n int, _ []string) []mix {
	return repeat(mix{attention: true, recurrent: true, feedForward: true}, n)
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
func byAttentionIndexes(r *Reader, n int, kinds []string) []mix {
	attends := r.indexes("full_attn_idxs", n)
	if kinds != nil || attends == nil {
		return byLayerTypes(r, n, kinds)
	}
	r.Note("mixers", arch.FromFile, "full_attn_idxs of %s", r.File)
	out := repeat(mix{recurrent: true, feedForward: true}, n)
	for _, i := range attends {
		out[i] = mix{attention: true, feedForward: true}
	}
	return out
}

// byLayerTypes: every layer has a feed-forward behind the mixer that layer_types names.
func byLayerTypes(r *Reader, n int, kinds []string) []mix {
	if kinds == nil {
		r.Fail("layer_types", "missing; add one of attention and mamba (or conv) per layer")
		return nil
	}
	r.Note("mixers", arch.FromFile, "layer_types of %s", r.File)
	out := make([]mix, n)
	for i, kind := range kinds {
		if !attentionKinds[kind] && !recurrentKinds[kind] {
			r.Fail("layer_types", "%s is no known layer; correct the key", Show(kind))
		}
		out[i] = mix{attention: attentionKinds[kind], recurrent: recurrentKinds[kind], feedForward: true}
	}
	return out
}

// byPattern: each layer is one thing alone, spelled in hybrid_override_pattern
// (M mixer, * attention, - MLP, E experts) or layers_block_type.
func byPattern(r *Reader, n int, kinds []string) []mix {
	letters := map[rune]string{'M': "mamba", '*': "attention", '-': "mlp", 'E': "moe"}
	if pattern := r.text("hybrid_override_pattern"); pattern != "" {
		kinds = nil
		for _, c := range strings.ReplaceAll(pattern, "|", "") {
			kinds = append(kinds, letters[c])
		}
		r.Note("mixers", arch.FromFile, "hybrid_override_pattern of %s", r.File)
	} else if list := r.strings("layers_block_type", n); list != nil {
		kinds = list
		r.Note("mixers", arch.FromFile, "layers_block_type of %s", r.File)
	}
	if len(kinds) != n {
		r.Fail("hybrid_override_pattern", "spells %d layers of %d; correct the key", len(kinds), n)
		return nil
	}
	out := make([]mix, n)
	for i, kind := range kinds {
		out[i] = mix{attentionKinds[kind], recurrentKinds[kind], feedForwardKinds[kind], kind == "mlp"}
	}
	return out
}

// byInterval: the last layer of each interval is attention, the others recurrent.
func byInterval(r *Reader, n int, kinds []string) []mix {
	if kinds != nil {
		return byLayerTypes(r, n, kinds)
	}
	interval := r.Integer("attention.interval")
	out := make([]mix, n)
	for i := range out {
		attends := interval > 0 && (int64(i)+1)%interval == 0
		out[i] = mix{attention: attends, recurrent: !attends, feedForward: true}
	}
	return out
}

// byAttentionPeriod: one layer of each period is attention, at an offset.
func byAttentionPeriod(r *Reader, n int, _ []string) []mix {
	period, offset := r.Integer("attention.mix_period"), r.OptionalOr("attention.mix_offset", 0)
	out := make([]mix, n)
	for i := range out {
		attends := int64(i)%period == offset
		out[i] = mix{attention: attends, recurrent: !attends, feedForward: true}
	}
	return out
}

// mambaPart reads a Mamba mixer, whose heads are one channel wide.
func mambaPart(r *Reader, hidden int64) *arch.Recurrent {
	p := &arch.Recurrent{Kind: "mamba", ConvKernel: r.Integer("recurrent.conv_kernel"), State: r.Integer("recurrent.state")}
	inner, hasInner := r.Optional("recurrent.inner")
	if p.Inner = inner; !hasInner {
		expand := r.Integer("recurrent.expand")
		p.Inner = expand * hidden
		r.Note("recurrent.inner", arch.FromComputed, "expansion × hidden = %d × %d", expand, hidden)
	}
	p.TimeStepRank = r.OptionalOr("recurrent.rank", (hidden+15)/16)
	return p
}

// mamba2Part reads a Mamba 2 mixer; the inner width is stated, or heads × head
// dimension, or an expansion of the hidden size.
func mamba2Part(r *Reader, hidden int64) *arch.Recurrent {
	p := &arch.Recurrent{
		Kind:       "mamba2",
		ConvKernel: r.Integer("recurrent.conv_kernel"),
		State:      r.Integer("recurrent.state"),
		Groups:     r.OptionalOr("recurrent.groups", 1),
		Heads:      r.Integer("recurrent.heads"),
	}
	dim, hasDim := r.Optional("recurrent.head_dim")
	inner, hasInner := r.Optional("recurrent.inner")
	expand, hasExpand := r.Optional("recurrent.expand")
	switch {
	case hasInner:
		p.Inner = inner
	case hasDim:
		p.Inner = p.Heads * dim
		r.Note("recurrent.inner", arch.FromComputed, "heads × head dimension = %d × %d", p.Heads, dim)
	case hasExpand:
		p.Inner = expand * hidden
		r.Note("recurrent.inner", arch.FromComputed, "expansion × hidden = %d × %d", expand, hidden)
	default:
		r.Fail("mamba_d_head", "missing; add the key, or mamba_expand")
	}
	if hasDim && p.Inner != p.Heads*dim {
		r.Fail("mamba_d_ssm", "%d is not heads × head dimension = %d × %d; correct one of them", p.Inner, p.Heads, dim)
	}
	p.TimeStepRank = p.Heads
	return p
}

// shortConvPart reads a gated short convolution over the hidden size.
func shortConvPart(r *Reader, hidden int64) *arch.Recurrent {
	return &arch.Recurrent{Kind: "shortconv", ConvKernel: r.Integer("recurrent.conv_kernel"), Inner: hidden}
}

// gatedDeltaPart reads a gated delta net: State is the keys' head dimension,
// Groups the key heads, Heads the value heads.
func gatedDeltaPart(r *Reader, _ int64) *arch.Recurrent {
	p := &arch.Recurrent{
		Kind:       "gated-delta",
		ConvKernel: r.Integer("recurrent.conv_kernel"),
		State:      r.Integer("recurrent.state"),
		Groups:     r.Integer("recurrent.groups"),
		Heads:      r.Integer("recurrent.heads"),
	}
	dim := r.Integer("recurrent.head_dim")
	p.Inner = p.Heads * dim
	r.Note("recurrent.inner", arch.FromComputed, "heads × head dimension = %d × %d", p.Heads, dim)
	p.TimeStepRank = p.Heads
	return p
}
