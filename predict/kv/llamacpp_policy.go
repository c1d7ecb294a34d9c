package kv

import "fmt"

// Pinned is the release of llama.cpp whose sources the rules were read from
// first; the others are told apart below.
const Pinned = "v0.5.0"

// policy is what differs between releases.
type policy struct {
	// release is the name that the rules go by.
	release string
	// flashPad and plainPad: the context rounds up to this many cells with and
	// without flash attention.
	flashPad, plainPad int64
	// ceilSequence: the context is divided among sequences rounding up, after
	// padding nothing; later releases pad first and divide rounding down.
	ceilSequence bool
	// wholeHybrid: a model with recurrent layers gives every sequence the whole
	// context, not its share.
	wholeHybrid bool
	// mlaValues: latent attention stores its values beside its keys.
	mlaValues bool
	// minBatch is the least n_batch.
	minBatch int64
	// rotates: the keys and values of quantised caches are rotated.
	rotates bool
}

// policies are the known releases, oldest first. b6673 was read in
// llama_model::create_memory (src/llama-model.cpp), llama_kv_cache::get_padding
// (src/llama-kv-cache.cpp) and the constructors of llama_context
// (src/llama-context.cpp, GGML_KQ_MASK_PAD) and llama_kv_cache; the others in
// llama_context's constructor and llama_kv_cache's, where attn_rot_k is set.
// v0.7.0 was not read, but run: Debian's build agrees with v0.5.0's rules.
var policies = []policy{
	{release: "b6673", flashPad: 256, plainPad: 32, ceilSequence: true, wholeHybrid: true,
		mlaValues: true, minBatch: 64},
	{release: "b8121", flashPad: 256, plainPad: 256},
	{release: "b8390", flashPad: 256, plainPad: 256},
	{release: "b10361", flashPad: 256, plainPad: 256, rotates: true},
	{release: "v0.4.0", flashPad: 256, plainPad: 256, rotates: true},
	{release: Pinned, flashPad: 256, plainPad: 256, rotates: true},
	{release: "v0.7.0", flashPad: 256, plainPad: 256, rotates: true},
}

// Older says that the release (empty: Pinned) came before the other. Names that
// are no release's are the newest.
func Older(release, other string) bool {
	if release == "" {
		release = Pinned
	}
	a, okA := parseRelease(release)
	b, okB := parseRelease(other)
	return okA && okB && a.compare(b) < 0
}

// policyOf is the policy of the newest known release that is not newer than the
// one asked for: policies change seldom, and a build between two known ones has
// the older one's.
func policyOf(release string) (policy, error) {
	if release == "" {
		release = Pinned
	}
	asked, ok := parseRelease(release)
	if !ok {
		return policy{}, fmt.Errorf("%q is no release of llama.cpp; they are named like b8390 or v0.5.0", release)
	}
	found := policies[0]
	for _, p := range policies {
		if known, _ := parseRelease(p.release); known.compare(asked) <= 0 {
			found = p
		}
	}
	return found, nil
}

// round fills in the plan's sizes from n_ctx, n_batch and n_ubatch as
// llama_context's constructor does (src/llama-context.cpp, v0.5.0).
func (pol policy) round(plan *Plan, p Params, hybrid bool) {
	ctx, seqs, pad := int64(p.NCtx), int64(p.NSeq), pol.pad(p)
	plan.Batch = max(min(ctx, int64(p.NBatch)), pol.minBatch)
	plan.Ubatch = min(plan.Batch, int64(p.NUbatch))
	plan.attentionPad = pad
	switch {
	case p.KVUnified:
		plan.SequenceCells = roundUp(ctx, pad)
		plan.ContextCells = plan.SequenceCells
		return
	case pol.wholeHybrid && hybrid:
		plan.SequenceCells = roundUp(ctx, pad)
	case pol.ceilSequence:
		plan.SequenceCells = roundUp((ctx+seqs-1)/seqs, pad)
	default:
		plan.SequenceCells = roundUp(roundUp(ctx, pad)/seqs, pad)
	}
	plan.ContextCells = plan.SequenceCells * seqs
}

func (pol policy) pad(p Params) int64 {
	if p.FlashAttn {
		return pol.flashPad
	}
	return pol.plainPad
}

// windowCells is size_swa of llama_kv_cache_iswa's constructor
// (src/llama-kv-cache-iswa.cpp, v0.5.0): room for the window of every sequence
// in the stream and one micro-batch, never more than the full cache.
func (pol policy) windowCells(full, window int64, l *layout) int64 {
	if l.params.SWAFull {
		return full
	}
	if l.params.KVUnified {
		window *= int64(l.params.NSeq)
	}
	return roundUp(min(full, window+l.plan.Ubatch), pol.pad(l.params))
}

// roundUp is GGML_PAD.
func roundUp(n, to int64) int64 { return (n + to - 1) / to * to }
