// Package builder makes validated model configs: it maps a model's tensors to
// layer classes, computes what each layer costs and how it splits over devices,
// checks the result against the facts, the predictors and public claims, and
// describes what it has no class for. It reads architecture facts and their
// tensor table, never weights, and knows no runtime, record or terminal.
package builder

import (
	"fmt"

	"assay/predict/arch"
	family "assay/predict/family/llamacpp"
)

// Options say what a model is held against.
type Options struct {
	// Params and Layers are publicly claimed counts; 0 claims nothing.
	Params float64
	Layers int
	// Sources are addresses of papers, cards and posts that the claims are from.
	Sources []string
	// Parallel is what the per-layer costs are split over; the zero value is one
	// device.
	Parallel Parallel
}

// Model is a model taken apart and checked.
type Model struct {
	Facts arch.Facts
	// Tensors is the table that everything was taken from: the source's own, or
	// the layout of llama.cpp's converter where only a config is known.
	Tensors []arch.Tensor
	// Derived: the table is that layout.
	Derived bool
	Layers  []LayerType
	// Drafts are the layers of the blocks that predict further tokens: no part
	// of the model's count, its cost or its cache.
	Drafts []LayerType
	Gaps   []Gap
	Checks []Check
	// Params counts the table's elements, without the scales of packed weights.
	Params int64
	// DraftParams counts those of the drafting blocks, which Params leaves out.
	DraftParams int64
	Options     Options
}

// Build takes a model apart. It fails where there is neither a tensor table nor
// a known layout.
func Build(f arch.Facts, opt Options) (Model, error) {
	if err := opt.check(); err != nil {
		return Model{}, err
	}
	m := Model{Facts: f, Tensors: f.Tensors, Options: opt}
	if len(m.Tensors) == 0 {
		var err error
		if m.Tensors, err = family.Tensors(f, family.TypePlan{}); err != nil {
			return Model{}, fmt.Errorf("build %s: %w; give a folder with safetensors or a GGUF, whose tensors can be read", f.Name, err)
		}
		m.Tensors = append(m.Tensors, family.DraftTensors(f, family.TypePlan{})...)
		m.Derived = true
	}
	found := assign(&f, m.Tensors)
	m.Params, m.DraftParams = found.params, found.draftParams
	m.Layers, m.Drafts, m.Gaps = group(found.layers), group(found.drafts), gaps(found.unmapped)
	m.Checks = check(m, found)
	return m, nil
}

// What no model is claimed to have, and no split is over.
const (
	maxClaim   = 1e18
	maxDevices = 1 << 16
)

func (o Options) check() error {
	switch {
	case !(o.Params >= 0 && o.Params < maxClaim) || o.Layers < 0:
		return fmt.Errorf("%g parameters and %d layers: a claim is a positive number", o.Params, o.Layers)
	case min(o.Parallel.Tensor, o.Parallel.Expert) < 0 || max(o.Parallel.Tensor, o.Parallel.Expert) > maxDevices:
		return fmt.Errorf("%d and %d devices: a split is over one or more, up to %d", o.Parallel.Tensor, o.Parallel.Expert, maxDevices)
	}
	return nil
}

// Valid says whether every check passed. A layer without a class does not make
// a model invalid: its parameters are counted all the same.
func (m Model) Valid() bool { return len(m.Discrepancies()) == 0 }

// Discrepancies are the checks that failed.
func (m Model) Discrepancies() []Check {
	var out []Check
	for _, c := range m.Checks {
		if !c.OK {
			out = append(out, c)
		}
	}
	return out
}
