package builder

import (
	"fmt"
	"math"
	"slices"

	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/family/llamacpp"
	"assay/predict/tensor"
)

// claimTolerance is how far a parameter count may be from a public claim, which
// is rounded.
const claimTolerance = 0.01

// check holds the model against its table, its facts, the predictors and the
// public claims.
func check(m Model, f found) []Check {
	out := []Check{
		countCheck(m),
		predictorCheck(m),
		{Name: "blocks", Want: fmt.Sprintf("%d by the facts", len(m.Facts.Layers)), Have: fmt.Sprintf("%d in the tensor table", f.blocks),
			OK: len(m.Facts.Layers) == f.blocks},
	}
	out = append(out, claims(m)...)
	out = append(out, dimensions(m)...)
	for _, what := range f.missing {
		out = append(out, Check{Name: what, Want: "tensors, as the facts name it", Have: "none in the table"})
	}
	if f.scales > 0 {
		out = append(out, Check{Name: "packed weights", Want: "weights that can be counted", Have: fmt.Sprintf(
			"%d tensors of scales that no rule unpacks: elements are counted as packed; build from the unquantised model", f.scales)})
	}
	for _, c := range m.Facts.Contradictions {
		out = append(out, Check{Name: c.Field, Want: c.Dropped + " by " + c.DropBy, Have: c.Kept + " by " + c.KeptBy})
	}
	for _, u := range m.Facts.Unknown {
		out = append(out, Check{Name: "unknown", Want: "a rule of the model type", Have: u})
	}
	return out
}

// countCheck: layers and gaps together have every element of the table.
func countCheck(m Model) Check {
	var layers, drafts, gaps int64
	for _, t := range m.Layers {
		layers += t.Cost(OneToken()).Params * t.Count()
	}
	for _, t := range m.Drafts {
		drafts += t.Cost(OneToken()).Params * t.Count()
	}
	for _, g := range m.Gaps {
		gaps += g.Params()
	}
	have := fmt.Sprintf("%d in layers", layers)
	if m.DraftParams > 0 {
		have += fmt.Sprintf(" and %d in blocks for multi-token prediction", drafts)
	}
	if gaps > 0 {
		have += fmt.Sprintf(" and %d without a class", gaps)
	}
	all := m.Params + m.DraftParams
	return Check{Name: "parameters", Want: fmt.Sprintf("%d in the tensor table", all), Have: have, OK: layers+drafts+gaps == all}
}

// predictorCheck counts once more by rules of their own, those of the layout
// that llama.cpp's converter writes. A family without one is not checked.
func predictorCheck(m Model) Check {
	name := "parameters of llama.cpp's layout"
	f := m.Facts
	own := namedAsGGUF(m.Tensors)
	if !own {
		f.Tensors = nil
	}
	size, err := cost.SizeOf(f, "")
	if err != nil {
		return Check{Name: name, Want: "not known: " + err.Error(), Have: fmt.Sprint(m.Params), OK: true}
	}
	have, note := m.Params, ""
	if own && !m.Derived { // the predictor counts a file's blocks, and a layout without them
		have += m.DraftParams
	}
	if changed := m.converted(); !own && changed != 0 {
		have += changed
		note = fmt.Sprintf(" (%d and %+d by the converter: rows padded, rotary tables left out or made, projections that mlx-lm has no use for)",
			m.Params, changed)
	}
	return Check{Name: name, Want: fmt.Sprintf("%d by the predictor", size.Params), Have: fmt.Sprint(have) + note, OK: size.Params == have}
}

// converted is what llama.cpp's converter adds to the elements of a table of
// Hugging Face's, less what it leaves out.
func (m Model) converted() int64 {
	sum := m.made()
	for _, l := range m.Layers {
		for _, slot := range l.Class.Slots {
			for _, t := range l.Weights[slot.Name] {
				if slot.Padded && len(t.Shape) == 2 {
					sum += t.Shape[0] * max(0, m.Facts.Vocab-t.Shape[1]) * l.Count()
				}
				if l.Class.Label == "rotary_table" {
					sum -= t.Elements() * l.Count()
				}
			}
		}
	}
	return sum
}

// made is what the layout has and a table of Hugging Face's or mlx-lm's may lack: a
// rotary table, and the projections of layers that read another's cache, which
// mlx-lm leaves out (Gemma 4).
func (m Model) made() int64 {
	layout, err := llamacpp.Tensors(m.Facts, llamacpp.TypePlan{})
	if err != nil {
		return 0
	}
	var sum int64
	for _, t := range layout {
		if t.Name == "rope_freqs.weight" || m.idleKeys(t) {
			sum += t.Elements()
		}
	}
	for _, t := range m.Tensors {
		if m.idleKeys(t) {
			sum -= t.Elements()
		}
	}
	return sum
}

// idleKeys: the tensor makes keys or values, in a layer that reads another's cache.
func (m Model) idleKeys(t arch.Tensor) bool {
	p := tensor.PlaceOf(t.Name)
	if p.Block < 0 || p.Block >= len(m.Facts.Layers) {
		return false
	}
	a := m.Facts.Layers[p.Block].Attention
	return a != nil && a.SharedFrom != nil && slices.ContainsFunc(p.Kinds(), func(kind string) bool {
		row, _ := tensor.Of(kind)
		return row.Use.OfKeys()
	})
}

func namedAsGGUF(tensors []arch.Tensor) bool {
	return slices.ContainsFunc(tensors, func(t arch.Tensor) bool { return t.Name == "token_embd.weight" })
}

// claims holds the counts against what was said in public.
func claims(m Model) []Check {
	var out []Check
	if want := m.Options.Params; want > 0 {
		out = append(out, m.claimedParams(want))
	}
	if want := m.Options.Layers; want > 0 {
		out = append(out, Check{Name: "claimed layers", Want: fmt.Sprintf("%d by the claim", want),
			Have: fmt.Sprint(len(m.Facts.Layers)), OK: want == len(m.Facts.Layers)})
	}
	return out
}

// claimedParams is met by the model alone, or with its drafting blocks: claims
// are made of either (DeepSeek-V3's 671B and 685B).
func (m Model) claimedParams(want float64) Check {
	c := Check{Name: "claimed parameters", Want: formatCount(int64(want)) + " by the claim, within 1 %"}
	off := float64(m.Params)/want - 1
	c.Have = fmt.Sprintf("%s (%d), %+.2f %%", formatCount(m.Params), m.Params, 100*off)
	c.OK = math.Abs(off) <= claimTolerance
	if all := m.Params + m.DraftParams; m.DraftParams > 0 {
		off = float64(all)/want - 1
		c.Have += fmt.Sprintf("; with multi-token prediction %s (%d), %+.2f %%", formatCount(all), all, 100*off)
		c.OK = c.OK || math.Abs(off) <= claimTolerance
	}
	return c
}

// dimensions holds what the facts say of each layer type against its shapes.
func dimensions(m Model) []Check {
	var out []Check
	for _, t := range slices.Concat(m.Layers, m.Drafts) {
		for _, s := range t.Class.specs {
			if s.shape == nil || s.fact == nil {
				continue
			}
			shape, ok := s.shape(t.Layer)
			if !ok {
				continue
			}
			fact := s.fact(t.facts, t.Block)
			out = append(out, Check{Name: t.describe() + ": " + s.name, Want: fmt.Sprintf("%d by the facts", fact),
				Have: fmt.Sprintf("%d by the shapes", shape), OK: fact == shape})
		}
	}
	return out
}
