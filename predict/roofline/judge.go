package roofline

import (
	"math"
	"slices"
)

// Fold is the fit without one model: what would have been said of that model
// had it never been seen.
type Fold struct {
	Model string `json:"model"`
	// Costs are the parameters by name, in seconds a unit.
	Costs map[string]float64 `json:"costs"`
	// Residuals are the model's own observations beside what Costs say of them.
	Residuals []HeldOut `json:"residuals"`
	// Unseen names the parameters that only this model has: its observations
	// cannot be predicted from the others.
	Unseen []string `json:"unseen,omitempty"`
}

// HeldOut is an observation beside what the fit without its model says.
type HeldOut struct {
	Case      string  `json:"case"`
	Kind      string  `json:"kind"`
	Depth     int     `json:"depth"`
	Measured  float64 `json:"measured"`
	Predicted float64 `json:"predicted"`
}

// log is log(measured / predicted): 0 is exact, positive slower than predicted.
func (h HeldOut) log() float64 { return math.Log(h.Measured / h.Predicted) }

// leaveModelsOut fits the form once without each model.
func leaveModelsOut(f Form, obs []Observation) ([]Fold, error) {
	p := newProblem(f, obs)
	all, err := p.solve(each(len(obs)), nil)
	if err != nil {
		return nil, err
	}
	var folds []Fold
	for _, m := range models(obs) {
		weight := make([]float64, len(obs))
		for i, o := range obs {
			if o.Model != m {
				weight[i] = 1
			}
		}
		x, err := p.solve(weight, all)
		if err != nil {
			return nil, err
		}
		folds = append(folds, p.judge(obs, m, x, p.covered(weight)))
	}
	return folds, nil
}

// judge predicts the model's observations by costs that were found without it.
func (p problem) judge(obs []Observation, model string, x []float64, covered []bool) Fold {
	out := Fold{Model: model, Costs: p.costs(x, covered)}
	for i, o := range obs {
		if o.Model != model {
			continue
		}
		if missing := unseen(p.form, o.Work, out.Costs); len(missing) > 0 {
			out.Unseen = append(out.Unseen, missing...)
			continue
		}
		out.Residuals = append(out.Residuals, HeldOut{o.Case, o.Kind, o.Depth, o.Seconds, p.total(i, x)})
	}
	slices.Sort(out.Unseen)
	out.Unseen = slices.Compact(out.Unseen)
	return out
}

// unseen lists the parameters that a work needs and the costs do not have.
func unseen(f Form, w Work, c costs) []string {
	var missing []string
	for _, p := range f.parts(w) {
		if _, ok := c[p.name]; !ok {
			missing = append(missing, p.name)
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// heldOut collects the residuals of one kind over all folds; "" is both.
func heldOut(folds []Fold, kind string) []HeldOut {
	var all []HeldOut
	for _, f := range folds {
		for _, h := range f.Residuals {
			if kind == "" || h.Kind == kind {
				all = append(all, h)
			}
		}
	}
	return all
}

// score is what forms are compared by: the mean over both kinds of the mean
// held-out |log(measured / predicted)|, capped so that one wild case does not
// decide.
func score(folds []Fold) float64 {
	const limit = 0.5
	var sum float64
	for _, kind := range []string{KindPrefill, KindDecode} {
		var s float64
		rs := heldOut(folds, kind)
		for _, h := range rs {
			s += min(math.Abs(h.log()), limit)
		}
		sum += s / float64(max(len(rs), 1)) / 2
	}
	return sum
}
