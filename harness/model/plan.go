package model

import (
	"context"
	"fmt"
	"time"

	"assay/harness/failure"
	"assay/harness/home"
	"assay/harness/machine"
	"assay/harness/record"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/harness/worker"
	"assay/predict/source"
	"assay/results"
)

// planTimeout bounds one plan: 126 layers at full context take seconds.
const planTimeout = 5 * time.Minute

// Plan lets a runtime plan for a model with nothing allocated and sets the
// prediction beside it. A model of which only facts are known is planned for
// through a file that has every shape and no data. NCtx 0 is the full context.
func Plan(ctx context.Context, name, ref, weightType string, c results.Case) (results.Record, error) {
	f, err := source.Load(ctx, ref, source.Options{})
	if err != nil {
		return results.Record{}, failure.Input(err)
	}
	rt, err := runtimes.Named(name)
	if err != nil {
		return results.Record{}, err
	}
	weightType = suite.Spelled(rt, runtime.SkeletonSparse, weightType)
	if err := suite.CheckCase(rt, runtime.SkeletonSparse, weightType, c); err != nil {
		return results.Record{}, err
	}
	if c.Kind = results.KindPlan; c.NCtx == 0 {
		if c.NCtx = int(f.ContextLength); c.NCtx == 0 {
			return results.Record{}, failure.Input(fmt.Errorf("%s names no context length that it was trained with; give one with -c", f.Name))
		}
	}
	asked := c
	c = rt.Settle(c, f)
	if err := suite.Unreached(rt, asked, c, f); err != nil {
		return results.Record{}, err
	}
	it := subject.Item{Runtime: name, Ref: ref, WeightType: weightType, Case: c, Facts: f, Run: f}
	path := f.Path
	if path == "" {
		dirs, err := home.Find()
		if err != nil {
			return results.Record{}, err
		}
		it.Skeleton = runtime.SkeletonSparse
		if _, err := rt.SkeletonFacts(f, it.Skeleton); err != nil {
			return results.Record{}, failure.Input(fmt.Errorf("%w; 'assay predict --runtime %s' knows what its cache takes", err, name))
		}
		if path, err = rt.WriteSkeleton(ctx, dirs.Skeletons(), f, it.Skeleton, weightType); err != nil {
			return results.Record{}, fmt.Errorf("a file to plan with: %w", err)
		}
	} else if err := rt.Accepts(path); err != nil {
		return results.Record{}, err
	}
	self, err := worker.Self()
	if err != nil {
		return results.Record{}, err
	}
	w := worker.Spawner{Command: self, Timeout: planTimeout}
	out, err := w.Run(ctx, worker.Request{Task: worker.Plan, Runtime: name, Path: path, Case: c}, func(worker.Message) {})
	if err != nil {
		return results.Record{}, err
	}
	rec := results.Record{
		Schema: results.Schema, Time: time.Now().UTC(), Status: results.StatusOK, Host: machine.Read(ctx),
		Runtime: out.Runtime, Case: c, Model: subject.ModelOf(it), Measured: out.Measured,
	}
	record.Predict(&rec, it)
	return rec, nil
}
