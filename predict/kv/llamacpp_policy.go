package kv

import "fmt"

// policy is what one release does.
type policy struct {
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

// The releases in which the cache changed, each read in b6673's and v0.5.0's
// sources (llama_model::create_memory in src/llama-model.cpp,
// llama_kv_cache::get_padding and the constructors of llama_kv_cache and of
// llama_context with GGML_KQ_MASK_PAD) and dated by running the releases between.
var (
	paddedByKernel  = Span{Until: "b7324"} // pull requests 16812 and 17046
	dividedUp       = Span{Until: "b7324"}
	hybridsWhole    = Span{Until: "b8095"}
	batchOfMaskPad  = Span{Until: "b7324"}
	latentValues    = Span{Until: "b7836"} // 19067
	rotatedIfPacked = Span{Since: "b8660"} // 21038
)

// policyOf is what a release does, by the spans that it lies in.
func policyOf(name string) (policy, error) {
	if name == "" {
		name = Pinned
	}
	if _, ok := parseRelease(name); !ok {
		return policy{}, fmt.Errorf("%q is no release of llama.cpp; they are named like b8390 or v0.5.0", name)
	}
	p := policy{
		flashPad: 256, plainPad: 256,
		ceilSequence: dividedUp.Has(name), wholeHybrid: hybridsWhole.Has(name),
		mlaValues: latentValues.Has(name), rotates: rotatedIfPacked.Has(name),
	}
	if paddedByKernel.Has(name) {
		p.plainPad = 32
	}
	if batchOfMaskPad.Has(name) {
		p.minBatch = 64
	}
	return p, nil
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
	case pol.wholeHybrid && hybrid && pol.ceilSequence:
		plan.SequenceCells = roundUp(ctx, pad)
	case pol.wholeHybrid && hybrid: // the context is padded for all sequences already
		plan.SequenceCells = roundUp(roundUp(roundUp(ctx, pad)/seqs, pad)*seqs, pad)
	case pol.ceilSequence:
		plan.SequenceCells = roundUp((ctx+seqs-1)/seqs, pad)
	default:
		plan.SequenceCells = roundUp(roundUp(ctx, pad)/seqs, pad)
	}
	plan.ContextCells = plan.SequenceCells * seqs
}

func (pol policy) pad(p Params) int64 {
	if p.cacheForFlash() {
		return pol.flashPad
	}
	return pol.plainPad
}

// roundUp is GGML_PAD.
func roundUp(n, to int64) int64 { return (n + to - 1) / to * to }
