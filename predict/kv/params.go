package kv

import (
	"fmt"

	"assay/predict/arch"
)

// Params are the context parameters that llama.cpp's cache depends on, in its
// own names (struct llama_context_params, include/llama.h). Zero takes the
// default of llama-bench: NBatch 2048, NUbatch 512, NSeq 1, f16 caches, and the
// model's trained length for NCtx. FlashAttn is what the runtime settled on, not
// "auto"; FlashTurnedOff says that it was left to choose, made the cache for flash
// attention and found no kernel for it.
type Params struct {
	NCtx, NBatch, NUbatch, NSeq int
	TypeK, TypeV                string
	FlashAttn, FlashTurnedOff   bool
	SWAFull, KVUnified          bool
	// Release selects the policy; empty is Pinned.
	Release string
}

// maxSequences is LLAMA_MAX_SEQ (src/llama-cparams.h, v0.5.0).
const maxSequences = 256

// maxContext is the largest n_ctx that llama.cpp can be asked for: a uint32_t
// (llama_context_params, include/llama.h, v0.5.0).
const maxContext = 1<<32 - 1

// cacheForFlash reports that the cache is laid out for flash attention, with values
// not transposed (attn_v_trans of llama_context's constructor, v0.5.0: before the
// kernels are looked for).
func (p Params) cacheForFlash() bool { return p.FlashAttn || p.FlashTurnedOff }

// withDefaults fills in what is zero and refuses what cannot be.
func (p Params) withDefaults(f arch.Facts) (Params, error) {
	if p.NCtx == 0 {
		p.NCtx = int(f.ContextLength)
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&p.NBatch, 2048}, {&p.NUbatch, 512}, {&p.NSeq, 1}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	for _, d := range []*string{&p.TypeK, &p.TypeV} {
		if *d == "" {
			*d = "f16"
		}
	}
	switch {
	case len(f.Layers) == 0:
		return p, fmt.Errorf("the facts name no layers")
	case p.NCtx <= 0:
		return p, fmt.Errorf("n_ctx is %d and the model names no trained length", p.NCtx)
	case p.NCtx > maxContext:
		return p, fmt.Errorf("n_ctx is %d, llama.cpp takes up to %d", p.NCtx, maxContext)
	case p.NBatch < 0 || p.NUbatch < 0:
		return p, fmt.Errorf("n_batch %d and n_ubatch %d must be positive", p.NBatch, p.NUbatch)
	case p.NSeq < 1 || p.NSeq > maxSequences:
		return p, fmt.Errorf("n_seq is %d, llama.cpp takes 1 to %d", p.NSeq, maxSequences)
	}
	return p, nil
}
