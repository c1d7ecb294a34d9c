package harness

import (
	"context"
	"fmt"
	"time"

	"assay/harness/home"
	"assay/predict/source"
	"assay/results"
)

// planTimeout bounds one plan: 126 layers at full context take seconds.
const planTimeout = 5 * time.Minute

// PlanModel lets a runtime plan for a model with nothing allocated and sets the
// prediction beside it. A model of which only facts are known is planned for
// through a file that has every shape and no data. NCtx 0 is the full context.
func PlanModel(ctx context.Context, runtime, ref, weightType string, c results.Case) (results.Record, error) {
	f, err := source.Load(ctx, ref, source.Options{})
	if err != nil {
		return results.Record{}, inputError{err}
	}
	rt, err := RuntimeNamed(runtime)
	if err != nil {
		return results.Record{}, err
	}
	if err := CheckCase(rt, SkeletonSparse, weightType, c); err != nil {
		return results.Record{}, err
	}
	if c.Kind = results.KindPlan; c.NCtx == 0 {
		if c.NCtx = int(f.ContextLength); c.NCtx == 0 {
			return results.Record{}, inputError{fmt.Errorf("%s names no context length that it was trained with; give one with -c", f.Name)}
		}
	}
	asked := c
	c = rt.Settle(c, f)
	if err := unreached(rt, asked, c, f); err != nil {
		return results.Record{}, err
	}
	it := Item{Runtime: runtime, Ref: ref, WeightType: weightType, Case: c, facts: f, run: f}
	path := f.Path
	if path == "" {
		dirs, err := home.Find()
		if err != nil {
			return results.Record{}, err
		}
		it.Skeleton = SkeletonSparse
		if _, err := rt.SkeletonFacts(f, it.Skeleton); err != nil {
			return results.Record{}, inputError{fmt.Errorf("%w; 'assay predict --runtime %s' knows what its cache takes", err, runtime)}
		}
		if path, err = rt.WriteSkeleton(ctx, dirs.Skeletons(), f, it.Skeleton, weightType); err != nil {
			return results.Record{}, fmt.Errorf("a file to plan with: %w", err)
		}
	} else if err := rt.Accepts(path); err != nil {
		return results.Record{}, err
	}
	worker, err := SelfWorker()
	if err != nil {
		return results.Record{}, err
	}
	w := spawner{command: worker, timeout: planTimeout}
	out, err := w.run(ctx, request{Task: taskPlan, Runtime: runtime, Path: path, Case: c}, func(message) {})
	if err != nil {
		return results.Record{}, err
	}
	rec := results.Record{
		Schema: results.Schema, Time: time.Now().UTC(), Status: results.StatusOK, Host: ReadHost(ctx),
		Runtime: out.Runtime, Case: c, Model: modelOf(it), Measured: out.Measured,
	}
	predictInto(&rec, it)
	return rec, nil
}
