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
	r, err := newReserve(f, p)
	if err != nil {
		return 0, fmt.Errorf("compute buffer of %s: %w", f.Name, err)
	}
	return r.most(func(b *builder) int64 { return reserve(b.graph(), (*tensor).bytes) }), nil
}

// contextReserve is what a context reserves graphs for.
type contextReserve struct {
	facts  *arch.Facts
	params kv.Params
	plan   kv.Plan
	table  []arch.Tensor
}

func newReserve(f arch.Facts, p kv.Params) (*contextReserve, error) {
	plan, err := kv.LlamaCpp(f, p)
	if err != nil {
		return nil, err
	}
	if kv.Older(p.Release, Since) {
		return nil, fmt.Errorf("in llama.cpp %s, older than %s, %w", p.Release, Since, ErrUnknown)
	}
	if _, known := families[f.Family]; !known {
		return nil, fmt.Errorf("%s: %w", f.Family, ErrUnknown)
	}
	table := f.Tensors
	if len(table) == 0 {
		if table, err = llamacpp.Tensors(f, llamacpp.TypePlan{}); err != nil {
			return nil, err
		}
	}
	return &contextReserve{&f, p, plan, table}, nil
}

// most is the larger of what the prompt's and the single token's graph need.
func (r *contextReserve) most(need func(*builder) int64) int64 {
	seqs := int64(max(1, r.params.NSeq))
	tokens := min(r.plan.ContextCells, r.plan.Ubatch)
	tokens = (tokens + seqs - 1) / seqs * seqs
	var most int64
	for _, n := range []int64{tokens, seqs} {
		most = max(most, need(newBuilder(r.facts, r.params, r.plan, r.table, shape{n, seqs, min(n, r.plan.Batch)})))
	}
	return most
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
