package graph

import (
	"errors"
	"fmt"

	"assay/predict/arch"
	"assay/predict/family/llamacpp"
	"assay/predict/kv"
)

// Since is the release from which on the graphs are those built here.
const Since = "v0.4.0"

// ErrUnknown is the reason why nothing is predicted of a family's graph.
var ErrUnknown = errors.New("its graph is not known")

// ComputeBytes is the compute buffer that llama.cpp reserves on the CPU for a
// context: what the prompt's graph needs, a whole micro-batch with every cell of
// the cache in use and the logits of all its tokens, or that of one token a
// sequence. The error wraps [ErrUnknown] for a family without a graph.
func ComputeBytes(f arch.Facts, p kv.Params) (int64, error) {
	plan, err := kv.LlamaCpp(f, p)
	if err != nil {
		return 0, err
	}
	if kv.Older(p.Release, Since) {
		return 0, fmt.Errorf("compute buffer of %s in llama.cpp %s, older than %s: %w", f.Name, p.Release, Since, ErrUnknown)
	}
	if _, known := families[f.Family]; !known {
		return 0, fmt.Errorf("compute buffer of %s: %w", f.Name, ErrUnknown)
	}
	table := f.Tensors
	if len(table) == 0 {
		if table, err = llamacpp.Tensors(f, llamacpp.TypePlan{}); err != nil {
			return 0, fmt.Errorf("compute buffer of %s: %w", f.Name, err)
		}
	}
	seqs := int64(max(1, p.NSeq))
	tokens := min(plan.ContextCells, plan.Ubatch)
	tokens = (tokens + seqs - 1) / seqs * seqs
	var most int64
	for _, n := range []int64{tokens, seqs} {
		b := newBuilder(&f, p, plan, table, n, seqs, min(n, plan.Batch))
		most = max(most, reserve(b.graph()))
	}
	return most, nil
}

// graph builds the whole of it.
func (b *builder) graph() *dag {
	b.inputs()
	x := b.embedded()
	if b.family.build != nil {
		x = b.family.build(b, x)
	} else {
		x = b.decoder(x)
	}
	b.head(x)
	return &b.dag
}
