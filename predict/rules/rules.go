// Package rules puts published rules on trial: named sets of simplifying
// assumptions beside the exact prediction, what each set says of a case, and,
// where a measurement refutes it, which of its assumptions is to blame and by
// how much. It computes predictions only, and knows no record and no runtime.
package rules

import (
	"fmt"
	"slices"
)

// Set is a named rule set. It has an entry for each figure that its source
// speaks of: the assumptions that make the source's formula of the exact one.
type Set struct {
	Name   string
	Source string
	rules  map[Figure][]assumption
}

// Figures are those that the set speaks of for the case, in a fixed order.
func (s Set) Figures(c Case) []Figure {
	var out []Figure
	for _, f := range []Figure{KVBytes, HeadDim, FullLayers, FLOPs, Params, WeightBytes} {
		if _, ok := s.rules[f]; ok && (f != FLOPs || c.Work != nil) {
			out = append(out, f)
		}
	}
	return out
}

// Predict is what the set says of the figure.
func (s Set) Predict(c Case, f Figure) (int64, error) {
	assumed, ok := s.rules[f]
	if !ok {
		return 0, fmt.Errorf("rule set %s says nothing of %s", s.Name, f)
	}
	return newQuestion(c).assume(assumed, -1).evaluate(f)
}

// Cause is one assumption that is false of the case.
type Cause struct {
	// What says what is assumed, and what is so.
	What string
	// Effect is how much more the set would predict if this alone were
	// corrected.
	Effect int64
}

// Causes are the assumptions whose correction changes the set's figure, the
// largest effect first. They need not add up: two may act on one product.
func (s Set) Causes(c Case, f Figure) ([]Cause, error) {
	assumed := s.rules[f]
	said, err := s.Predict(c, f)
	if err != nil {
		return nil, err
	}
	var out []Cause
	for i, a := range assumed {
		corrected, err := newQuestion(c).assume(assumed, i).evaluate(f)
		if err != nil {
			return nil, fmt.Errorf("without the assumption %q: %w", a.name, err)
		}
		if corrected != said {
			out = append(out, Cause{a.says(c), corrected - said})
		}
	}
	slices.SortStableFunc(out, func(a, b Cause) int { return int(sign(abs(b.Effect) - abs(a.Effect))) })
	return out, nil
}

func abs(n int64) int64 { return max(n, -n) }

func sign(n int64) int64 { return min(1, max(-1, n)) }
