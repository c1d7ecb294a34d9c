package harness

import (
	"context"
	"time"

	"assay/predict/arch"
	"assay/results"
)

// PredictModel is the part of a record that needs no run: the model, the case
// and what is predicted of it. NCtx 0 is the model's full context.
func PredictModel(ctx context.Context, runtime, ref, weightType string, c results.Case) (results.Record, error) {
	f, err := arch.Load(ctx, ref, arch.Options{})
	if err != nil {
		return results.Record{}, inputError{err}
	}
	rt, err := RuntimeNamed(runtime)
	if err != nil {
		return results.Record{}, err
	}
	if c.NCtx == 0 {
		c.NCtx = max(int(f.ContextLength), c.NPrompt+c.NGen+c.NDepth)
	}
	it := Item{Runtime: runtime, Ref: ref, WeightType: weightType, Case: c, facts: f, run: f}
	rec := results.Record{
		Schema: results.Schema, Time: time.Now().UTC(), Status: results.StatusOK, Host: ReadHost(ctx),
		Runtime: results.Runtime{Name: runtime}, Model: modelOf(it), Case: c,
	}
	if rec.Predicted, err = rt.Predict(f, f, weightType, c, results.Runtime{}); err != nil {
		return results.Record{}, inputError{err}
	}
	return rec, nil
}
