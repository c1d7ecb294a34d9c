package builder

import (
	_ "embed"
	"fmt"
	"math"

	"assay/predict/arch"
)

// ConfigTensor is a pattern of tensors with the shape, rows first.
type ConfigTensor struct {
	Pattern string  `json:"pattern"`
	Shape   []int64 `json:"shape"`
	DType   string  `json:"dtype"`
	Count   int     `json:"count"`
}

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

// What no model is claimed to have, and no split is over.
const (
	maxClaim   = 1e18
	maxDevices = 1 << 16
)

// Check is one thing that was held against another.
type Check struct {
	// Name says what, Want by whom and how much, Have what the model has.
	Name, Want, Have string
	OK               bool
}

// Gap is a kind of layer that no class takes.
type Gap struct {
	// Name is the module that the tensors are in, Count how many of it there are.
	Name    string
	Count   int
	Blocks  []int
	Tensors []ConfigTensor

	list []placed
}

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

// formatCount prints a count as model cards do: 135M, 8.03B, 69.5B.
func formatCount(n int64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "K"}} {
		if v := float64(n) / u.size; v >= 1 {
			return fmt.Sprintf("%.*f%s", max(0, 2-int(math.Log10(v))), v, u.name)
		}
	}
	return fmt.Sprint(n)
}
