package roofline

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Predict foretells the time of one sample of kind (prefill or decode) with a
// 95 % interval. A type that was never measured is predicted from its nearest of
// kin, with a wider interval.
func (fit *Fit) Predict(kind string, w Work) (Prediction, error) {
	if err := w.Check(); err != nil {
		return Prediction{}, err
	}
	if count := fit.Form.lacks(w); count != "" {
		return Prediction{}, fmt.Errorf("%s needs the %s, and they are not counted for this work", fit.name(), count)
	}
	c := fit.costs()
	kin, left := c.standIns(unseen(fit.Form, w, c))
	if len(left) > 0 {
		return Prediction{}, fmt.Errorf("%s has no cost for %q: no observation had it or its like; %s, and fit again", fit.name(),
			strings.Join(left, ", "), remedy(left[0]))
	}
	c = c.with(kin)
	value := fit.Form.seconds(w, c)
	if value <= 0 {
		return Prediction{}, fmt.Errorf("%s gives this work no time: all costs that it needs came out as 0", fit.name())
	}
	seconds, err := fit.interval(kind, w, value)
	if err != nil {
		return Prediction{}, err
	}
	p := Prediction{}
	p.Bound, p.Shares = fit.Form.shares(w, c)
	wider := widening(kin, p.Shares) * w.Widening()
	seconds.Lo, seconds.Hi = seconds.Lo/wider, seconds.Hi*wider
	p.Seconds, p.TokensPerSecond = seconds, seconds.PerSecond(w.Tokens)
	for _, s := range kin {
		p.Kin = append(p.Kin, s.name+" as "+s.kin)
	}
	return p, nil
}

// name is how errors call the fit: one of part of the observations has no id.
func (fit *Fit) name() string {
	switch {
	case fit.ID == "":
		return "the fit of the other models"
	case strings.HasPrefix(fit.ID, "fit"):
		return fit.ID
	}
	return "fit " + fit.ID
}

// remedy says which cases give a fit the cost.
func remedy(parameter string) string {
	switch {
	case strings.Contains(parameter, "cache "):
		return "add decode cases with that type of cache (-ctk) at several depths"
	case strings.Contains(parameter, "experts "):
		return "add cases of such a model ('assay run --calibrate --experts --weight-type TYPE')"
	}
	return "add cases of such a model ('assay run --calibrate --weight-type TYPE')"
}

// Source says what predictions rest on.
func (fit *Fit) Source() string {
	cv := fit.CrossValidation()
	return fmt.Sprintf("%s of %s, %s; it misses a model that it has not seen by %.0f %% in decode and %.0f %% in prefill (median)",
		fit.ID, fit.Machine, fit.Runtime, 100*cv.Decode.Median, 100*cv.Prefill.Median)
}

// Of names the runtime that predictions are of, without its version.
func (fit *Fit) Of() string {
	name, _, _ := strings.Cut(fit.Runtime, " ")
	return name
}

// MeasuredContext is the longest context that the observations reached.
func (fit *Fit) MeasuredContext() int { return fit.LongestContext }

// interval is the jackknife+ of Barber, Candès, Ramdas and Tibshirani
// (Predictive inference with the jackknife+, Annals of Statistics 49(1), 2021)
// with models as the groups left out, on the logarithm of time: each held-out
// residual is set on what its own fold predicts. Residuals are of the same kind
// where there are enough, else of both. value only decides where a fold cannot
// predict w.
func (fit *Fit) interval(kind string, w Work, value float64) (Interval, error) {
	if len(heldOut(fit.Folds, kind)) < leastResiduals {
		kind = ""
	}
	var lo, hi []float64
	for _, f := range fit.Folds {
		center := value
		own := costs(f.Costs)
		if kin, left := own.standIns(unseen(fit.Form, w, own)); len(left) == 0 {
			center = fit.Form.seconds(w, own.with(kin))
		}
		for _, h := range f.Residuals {
			if (kind == "" || h.Kind == kind) && center > 0 && h.Predicted > 0 {
				r := math.Abs(h.log())
				lo, hi = append(lo, math.Log(center)-r), append(hi, math.Log(center)+r)
			}
		}
	}
	if len(hi) < leastResiduals {
		return Interval{}, fmt.Errorf("%s has %d held-out residuals and an interval needs %d: add cases of several models and fit again",
			fit.name(), len(hi), leastResiduals)
	}
	slices.Sort(lo)
	slices.Sort(hi)
	k := rank(len(hi))
	return Interval{value, min(value, math.Exp(lo[len(lo)-k])), max(value, math.Exp(hi[k-1]))}, nil
}

// shares splits the time of a sample over the parameters. Of terms that
// overlap, each side gets what it adds to the total.
func (f Form) shares(w Work, c costs) (Bound, []Share) {
	p, x := f.at(w, c)
	weight := overlapShares(f, p.rows[0], x)
	byName, bySide, total := map[string]float64{}, [3]float64{}, 0.0
	for k, q := range p.rows[0] {
		t := weight[k] * q.amount * x[q.column]
		byName[p.names[q.column]] += t
		bySide[q.side] += t
		total += t
	}
	var list []Share
	for n, t := range byName {
		if t > 0 {
			list = append(list, Share{n, t / total})
		}
	}
	slices.SortFunc(list, func(a, b Share) int {
		if a.Share != b.Share {
			if a.Share > b.Share {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	bound := BoundOverhead
	switch {
	case bySide[computeSide] >= bySide[memorySide] && bySide[computeSide] >= bySide[overheadSide]:
		bound = BoundCompute
	case bySide[memorySide] >= bySide[overheadSide]:
		bound = BoundBandwidth
	}
	return bound, list
}
