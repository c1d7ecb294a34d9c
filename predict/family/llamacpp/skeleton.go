package llamacpp

import (
	"assay/predict/arch"
)

// The smallest sizes a KV-faithful skeleton takes: rows of weights stay a
// multiple of 64, so that every 32-element block type fits.
const (
	skeletonWidth   = 64
	skeletonVocab   = 64
	skeletonExperts = 4
	skeletonUsed    = 2
	skeletonHeads   = 4
	skeletonGroups  = 2 // of experts, one of which is used
)

// KVFaithful is the smallest model of the same family whose cache is the real
// one's: layers, KV heads, head dimensions, windows, latent ranks and recurrent
// state sizes stay, everything else shrinks as far as llama.cpp's loader allows.
func KVFaithful(f arch.Facts) arch.Facts {
	out := f
	out.Vocab, out.DraftLayers = min(f.Vocab, skeletonVocab), 0
	out.Source, out.Wrapper, out.PackedBy, out.Tensors, out.Provenance, out.Contradictions = "", "", "", nil, nil, nil
	fam, _ := Of(f.Family)
	if !fam.HasLayout() {
		fam = unlisted
	}
	out.Layers = make([]arch.Layer, len(f.Layers))
	for i, l := range f.Layers {
		out.Layers[i] = arch.Layer{Recurrent: l.Recurrent, Attention: shrunkAttention(l.Attention, fam),
			FeedForward: shrunkFeedForward(l.FeedForward)}
	}
	out.Hidden = min(f.Hidden, skeletonWidth)
	if fam.hidden != nil {
		out.Hidden = fam.hidden(&out, f.Hidden)
	}
	return out
}

// shrunkAttention leaves one query head per KV head; a latent cache does not depend on
// heads at all.
func shrunkAttention(a *arch.Attention, fam *Family) *arch.Attention {
	if a == nil || fam.keepHeads {
		return a
	}
	out := *a
	out.Heads = a.KVHeads
	if a.MLA != nil {
		mla := *a.MLA
		mla.QLoraRank = min(mla.QLoraRank, skeletonWidth)
		out.MLA = &mla
		out.Heads = min(a.Heads, skeletonHeads)
		out.KVHeads = out.Heads
	}
	return &out
}

func shrunkFeedForward(ff *arch.FeedForward) *arch.FeedForward {
	if ff == nil {
		return nil
	}
	out := *ff
	out.Intermediate = min(ff.Intermediate, skeletonWidth)
	if ff.Experts != nil {
		e := *ff.Experts
		e.Count, e.Used = min(e.Count, skeletonExperts), min(e.Used, skeletonUsed)
		if e.Groups > 1 {
			e.Groups, e.GroupsUsed = skeletonGroups, 1
		}
		e.Intermediate = min(e.Intermediate, skeletonWidth)
		e.SharedIntermediate = min(e.SharedIntermediate, skeletonWidth)
		out.Experts = &e
	}
	return &out
}
