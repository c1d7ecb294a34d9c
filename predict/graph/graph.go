package graph

import (
	"errors"
	"fmt"
	"strings"

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
	n, err := r.most(func(b *builder) int64 { return reserve(b.graph(), (*tensor).bytes) })
	if err != nil {
		return 0, fmt.Errorf("compute buffer of %s: %w", f.Name, err)
	}
	return n, nil
}

// contextReserve is what a context reserves graphs for.
type contextReserve struct {
	facts  *arch.Facts
	params kv.Params
	plan   kv.Plan
	table  []arch.Tensor
	// outputs are the tokens that have logits at most; 0 is all of a batch.
	outputs int64
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
	if f.Path == "" || !strings.HasSuffix(f.Path, ".gguf") { // the names are others, or there are none
		if table, err = llamacpp.Tensors(f, llamacpp.TypePlan{}); err != nil {
			return nil, err
		}
	}
	return &contextReserve{facts: &f, params: p, plan: plan, table: table}, nil
}

// most is the larger of what the prompt's and the single token's graph need.
func (r *contextReserve) most(need func(*builder) int64) (most int64, err error) {
	// What a file says of its layers may contradict its tensors in more ways than
	// checks foresee: shapes that do not divide, a cache that a layer has not. Its
	// graph is not known then, and the library would refuse the file as well.
	defer func() {
		if what := recover(); what != nil {
			most, err = 0, fmt.Errorf("its layers and tensors do not make a graph of %s (%v): %w", r.facts.Family, what, ErrUnknown)
		}
	}()
	if err := r.known(); err != nil {
		return 0, err
	}
	seqs := int64(max(1, r.params.NSeq))
	tokens := min(r.plan.ContextCells, r.plan.Ubatch)
	tokens = (tokens + seqs - 1) / seqs * seqs
	for _, n := range []int64{tokens, seqs} {
		outputs := min(n, r.plan.Batch)
		if r.outputs > 0 {
			outputs = min(outputs, r.outputs)
		}
		b := newBuilder(r.facts, r.params, r.plan, r.table, shape{n, seqs, outputs})
		most = max(most, need(b))
		if b.seen[absent] {
			return 0, fmt.Errorf("a tensor that %s needs is missing: %w", r.facts.Family, ErrUnknown)
		}
	}
	return most, nil
}

// known refuses layers of kinds that no graph is known of.
func (r *contextReserve) known() error {
	for i, l := range r.facts.Layers {
		if l.Recurrent != nil && recurrences[l.Recurrent.Kind] == nil {
			return fmt.Errorf("a %s layer of %s: %w", l.Recurrent.Kind, r.facts.Family, ErrUnknown)
		}
		if l.Attention == nil && l.Recurrent == nil && families[r.facts.Family].build == nil {
			return fmt.Errorf("layer %d of %s has neither attention nor a state: %w", i, r.facts.Family, ErrUnknown)
		}
	}
	return nil
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

// newBuilder prepares a graph.
func newBuilder(f *arch.Facts, p kv.Params, plan kv.Plan, table []arch.Tensor, of shape) *builder {
	b := &builder{
		dag: dag{seen: map[*tensor]bool{}}, facts: f, params: p, plan: plan, family: families[f.Family],
		weights: map[string]arch.Tensor{}, taken: map[string]*tensor{},
		shape: of, attention: map[kv.Class]*attentionInputs{},
	}
	for _, t := range table {
		b.weights[t.Name] = t
	}
	return b
}
