package roofline

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"assay/predict/machines"
)

// ChipModel predicts times on an Apple chip from published measurements alone,
// for somebody who has no machine of that kind: llama.cpp on the GPU, one
// sequence, as in the published table.
type ChipModel struct {
	Chip machines.Chip
	// Basis says what the figures come from, in one sentence.
	Basis string
	// Extrapolated: the chip itself is not in the table.
	Extrapolated bool
	// DecodeError and PrefillError are the 95 % quantiles of the relative error
	// that the same procedure makes on the published chips.
	DecodeError, PrefillError float64

	fit chipFit
}

// Predict foretells one sample of kind on the chip, with the error that the
// same procedure makes on the published chips as its interval. Attention counts
// at the rate of the weights; the overhead grows with the operations' number
// as LLaMA-7B's does, for want of other data.
func (m ChipModel) Predict(kind string, w Work) (Prediction, error) {
	if err := w.check(); err != nil {
		return Prediction{}, err
	}
	memory, overhead := w.bytes()/m.fit.bandwidth, w.Steps*m.fit.overhead
	width, bound, value := m.DecodeError, BoundBandwidth, memory+overhead
	if overhead > memory {
		bound = BoundOverhead
	}
	if kind == KindPrefill {
		compute, err := m.computeSeconds(w)
		if err != nil {
			return Prediction{}, err
		}
		// The rate was taken from whole prompts: it has reading the weights once
		// and the overhead in it, and only a short prompt is bound by them.
		width = m.PrefillError
		if compute >= value {
			value, bound = compute, BoundCompute
		}
	}
	s := Interval{value, value * (1 - width), value * (1 + width)}
	return Prediction{Seconds: s, TokensPerSecond: s.PerSecond(w.Tokens), Bound: bound}, nil
}

// Source says what predictions rest on.
func (m ChipModel) Source() string { return m.Chip.ID() + ", " + m.Basis }

// Of names the runtime that the published table is of.
func (m ChipModel) Of() string { return "llama.cpp" }

// MeasuredContext is the prompt of the published table.
func (m ChipModel) MeasuredContext() int { return publishedPrompt }

// computeSeconds is the arithmetic at the published rates. A type that is not
// in the table goes at the rate of q4_0 if it is quantised, else of f16, and
// one that this chip has no figure for at the chip's slowest.
func (m ChipModel) computeSeconds(w Work) (float64, error) {
	slowest := math.Inf(1)
	for _, r := range m.fit.rate {
		slowest = min(slowest, r)
	}
	if math.IsInf(slowest, 1) {
		return 0, fmt.Errorf("no prefill of %s or its generation is published", m.Chip.ID())
	}
	var sum float64
	for _, t := range w.Terms {
		rate, ok := m.fit.rate[publishedLike(t.Type)]
		if !ok {
			rate = slowest
		}
		sum += t.FLOPs / rate
	}
	return sum, nil
}

// publishedLike is the published weight type whose kernels are most alike.
func publishedLike(weightType string) string {
	switch weightType {
	case "f16", "bf16", "f32":
		return "f16"
	case "q8_0":
		return "q8_0"
	}
	return "q4_0"
}

// EstimateChip models a chip from the published table: by its own row where it
// has one, else from its generation (or the one before), scaled by cores and
// bandwidth, which is an extrapolation.
func EstimateChip(c machines.Chip) (ChipModel, error) {
	fits, err := publishedFits()
	if err != nil {
		return ChipModel{}, err
	}
	heldOut := tableErrors().heldOutChip
	for _, f := range fits {
		if f.chip.ID() == c.ID() {
			return ChipModel{Chip: c, fit: f, DecodeError: heldOut.decode.P95, PrefillError: heldOut.prefill.P95,
				Basis: fmt.Sprintf("fitted to this chip's row of llama.cpp discussion 4167 (LLaMA-7B), whose decode two parameters a chip fit within %.0f %%; "+
					"for another model the error of a chip left out is assumed, %.0f %% in decode and %.0f %% in prefill (95 %% of figures)",
					100*tableErrors().fitted.decode.Max, 100*heldOut.decode.P95, 100*heldOut.prefill.P95)}, nil
		}
	}
	peers, generation := peersOf(c, fits)
	e, scope := heldOut, "chip"
	if generation != c.Generation() {
		e, scope = tableErrors().heldOutGeneration, "generation"
	}
	return ChipModel{
		Chip: c, fit: extrapolate(c, peers), Extrapolated: true,
		DecodeError: e.decode.P95, PrefillError: e.prefill.P95,
		Basis: fmt.Sprintf("an extrapolation: no %s is in llama.cpp discussion 4167; scaled by cores and bandwidth from its %s rows; "+
			"leaving out one %s at a time, that misses decode by %.0f %% and prefill by %.0f %% in the median, %.0f %% and %.0f %% at worst",
			c.ID(), generation, scope, 100*e.decode.Median, 100*e.prefill.Median, 100*e.decode.Max, 100*e.prefill.Max),
	}, nil
}

// peersOf are the chips to learn from: those of the same generation, or of the
// nearest generation before it, or after it, that has any.
func peersOf(c machines.Chip, fits []chipFit) ([]chipFit, string) {
	byGeneration := map[string][]chipFit{}
	for _, f := range fits {
		byGeneration[f.chip.Generation()] = append(byGeneration[f.chip.Generation()], f)
	}
	own := c.Generation()
	var before, after string
	for g := range byGeneration {
		if g == own {
			return byGeneration[own], own
		}
		if g < own && g > before {
			before = g
		}
		if g > own && (after == "" || g < after) {
			after = g
		}
	}
	if before == "" {
		before = after
	}
	return byGeneration[before], before
}

// extrapolate scales the peers' medians: bandwidth as a share of the peak, the
// overhead as it is, the rate by GPU core.
func extrapolate(c machines.Chip, peers []chipFit) chipFit {
	out := chipFit{chip: c, rate: map[string]float64{}}
	out.bandwidth = c.Bandwidth * medianOf(sameTier(c, peers), func(f chipFit) float64 { return f.bandwidth / f.chip.Bandwidth })
	out.overhead = medianOf(peers, func(f chipFit) float64 { return f.overhead })
	for _, t := range publishedTypes {
		with := slices.DeleteFunc(slices.Clone(peers), func(f chipFit) bool { return f.rate[t] == 0 })
		if len(with) > 0 {
			out.rate[t] = float64(c.GPUCores) * medianOf(with, func(f chipFit) float64 { return f.rate[t] / float64(f.chip.GPUCores) })
		}
	}
	return out
}

// sameTier narrows peers to Ultras for an Ultra and to the others for the
// others, where that leaves any: two dies share memory less well than one.
func sameTier(c machines.Chip, peers []chipFit) []chipFit {
	ultra := func(name string) bool { return strings.HasSuffix(name, "Ultra") }
	same := slices.DeleteFunc(slices.Clone(peers), func(f chipFit) bool { return ultra(f.chip.Name) != ultra(c.Name) })
	if len(same) == 0 {
		return peers
	}
	return same
}

func medianOf(fits []chipFit, value func(chipFit) float64) float64 {
	v := make([]float64, len(fits))
	for i, f := range fits {
		v[i] = value(f)
	}
	return median(v)
}

// byKind are the relative errors of one way to model the published table.
type byKind struct{ decode, prefill Errors }

// selfErrors say how well the published table predicts itself.
type selfErrors struct {
	// fitted: each chip from its own row, two parameters for decode. Prefill
	// has a rate of its own for each figure there and is exact by construction.
	fitted byKind
	// heldOutChip: each chip from the others of its generation.
	heldOutChip byKind
	// heldOutGeneration: each chip from the nearest other generation.
	heldOutGeneration byKind
}

// tableErrors measures how well the table predicts itself.
var tableErrors = sync.OnceValue(func() (out selfErrors) {
	fits, err := publishedFits()
	if err != nil {
		return out // EstimateChip reports it
	}
	out.fitted = errorsWith(fits, func(f chipFit) chipFit { return f })
	out.heldOutChip = errorsWith(fits, func(f chipFit) chipFit {
		return fromOthers(f, fits, func(o chipFit) bool { return o.chip.ID() == f.chip.ID() })
	})
	out.heldOutGeneration = errorsWith(fits, func(f chipFit) chipFit {
		return fromOthers(f, fits, func(o chipFit) bool { return o.chip.Generation() == f.chip.Generation() })
	})
	return out
})

func fromOthers(f chipFit, fits []chipFit, leaveOut func(chipFit) bool) chipFit {
	peers, _ := peersOf(f.chip, slices.DeleteFunc(slices.Clone(fits), leaveOut))
	return extrapolate(f.chip, peers)
}

// errorsWith compares the table with the model that each chip is given.
func errorsWith(fits []chipFit, model func(chipFit) chipFit) byKind {
	var decode, prefill []float64
	for i, p := range published() {
		m := model(fits[i])
		for t, speed := range p.decode {
			decode = append(decode, relative(1/m.decodeSeconds(llamaDecode(t)), speed))
		}
		for t, speed := range p.prefill {
			w := llamaPrefill(t)
			if m.rate[t] > 0 {
				prefill = append(prefill, relative(w.Tokens*m.rate[t]/w.flops(), speed))
			}
		}
	}
	return byKind{errorsOf(decode), errorsOf(prefill)}
}
