package roofline

import (
	"fmt"
	"slices"
)

// CrossValidation is how far held-out models were missed, by kind, in the folds
// that chose the form.
type CrossValidation struct{ Decode, Prefill Errors }

// CrossValidation summarises the fit's own leave-one-model-out residuals.
func (fit *Fit) CrossValidation() CrossValidation {
	return CrossValidation{Decode: missed(heldOut(fit.Folds, KindDecode)), Prefill: missed(heldOut(fit.Folds, KindPrefill))}
}

// HeldOut are all cases beside what the fit without their model says.
func (fit *Fit) HeldOut() []HeldOut { return heldOut(fit.Folds, "") }

func missed(held []HeldOut) Errors {
	var v []float64
	for _, h := range held {
		v = append(v, relative(h.Predicted, h.Measured))
	}
	return errorsOf(v)
}

// Validation is a fit judged on models it has not seen in any way: for each
// model the form is chosen, the costs are fitted and the interval is made from
// the other models alone.
type Validation struct {
	Cases []ValidatedCase
	// Skipped lists cases that could not be predicted from the other models.
	Skipped []string
}

// ValidatedCase is a measured case beside its prediction.
type ValidatedCase struct {
	Case, Model, Kind string
	Depth             int
	Tokens            float64
	Seconds           float64 // measured
	Prediction        Prediction
}

// Error is the relative error of the predicted tokens a second, with its sign.
func (c ValidatedCase) Error() float64 { return c.Seconds/c.Prediction.Seconds.Value - 1 }

// Inside reports whether the measurement lies in the interval.
func (c ValidatedCase) Inside() bool {
	return c.Prediction.Seconds.Lo <= c.Seconds && c.Seconds <= c.Prediction.Seconds.Hi
}

// Validate leaves out one model at a time, form, costs, intervals and all.
func Validate(all []Observation, opt Options) (Validation, error) {
	obs, leftOut := usable(all, opt)
	if err := check(obs, leftOut); err != nil {
		return Validation{}, err
	}
	if len(models(obs)) <= minModels {
		return Validation{}, fmt.Errorf("leaving a model out of %d leaves too few for a fit: add cases of another model", minModels)
	}
	out := Validation{Skipped: leftOut}
	for _, m := range models(obs) {
		if err := out.leaveOut(obs, m, opt); err != nil {
			return Validation{}, fmt.Errorf("without %s: %w", m, err)
		}
	}
	if len(out.Cases) == 0 {
		return Validation{}, fmt.Errorf("no case can be predicted when its model is left out; %s", out.Skipped[len(leftOut)])
	}
	return out, nil
}

func (v *Validation) leaveOut(obs []Observation, model string, opt Options) error {
	rest := slices.DeleteFunc(slices.Clone(obs), func(o Observation) bool { return o.Model == model })
	fit, err := estimate(rest, nil)
	if err != nil {
		return err
	}
	for _, o := range obs {
		if o.Model != model {
			continue
		}
		p, err := fit.Predict(o.Kind, o.Work)
		if err != nil {
			v.Skipped = append(v.Skipped, fmt.Sprintf("%s: %v", o.Case, err))
			continue
		}
		v.Cases = append(v.Cases, ValidatedCase{o.Case, o.Model, o.Kind, o.Depth, o.Work.Tokens, o.Seconds, p})
	}
	return nil
}

// Errors are the relative errors of one kind.
func (v Validation) Errors(kind string) Errors {
	var e []float64
	for _, c := range v.Cases {
		if c.Kind == kind {
			e = append(e, relative(c.Prediction.Seconds.Value, c.Seconds))
		}
	}
	return errorsOf(e)
}

// Coverage is the share of cases inside their intervals; 0 without cases.
func (v Validation) Coverage() float64 {
	inside := 0
	for _, c := range v.Cases {
		if c.Inside() {
			inside++
		}
	}
	return float64(inside) / float64(max(len(v.Cases), 1))
}
