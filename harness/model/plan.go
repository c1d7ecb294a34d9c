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
	"assay/harness/subject"
	"assay/harness/worker"
	"assay/results"
)

// planTimeout bounds one plan: 126 layers at full context take seconds.
const planTimeout = 5 * time.Minute

// Plan lets a runtime plan for a model with nothing allocated and sets the
// prediction beside it. A model of which only facts are known is planned for
// through a file that has every shape and no data. NCtx 0 is the full context.
func Plan(ctx context.Context, a subject.Ask, c results.Case) (results.Record, error) {
	s, err := subject.Of(ctx, a)
	if err != nil {
		return results.Record{}, err
	}
	c.Kind = results.KindPlan
	if c, err = s.Settle(c); err != nil {
		return results.Record{}, err
	}
	it := s.Item(c)
	path, err := planned(ctx, s, &it)
	if err != nil {
		return results.Record{}, err
	}
	self, err := worker.Self()
	if err != nil {
		return results.Record{}, err
	}
	w := worker.Spawner{Command: self, Timeout: planTimeout}
	out, err := w.Run(ctx, worker.Request{Task: worker.Plan, Runtime: it.Runtime, Path: path, Case: c}, func(worker.Message) {})
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

// planned is the path of what is planned for: the model itself, or a file that is
// written, of which the item is told.
func planned(ctx context.Context, s subject.Subject, it *subject.Item) (string, error) {
	if path := s.Facts.Path; path != "" {
		return path, s.Runtime.Accepts(path, results.KindPlan)
	}
	dirs, err := home.Find()
	if err != nil {
		return "", err
	}
	it.Skeleton = runtime.SkeletonSparse
	if _, err := s.Runtime.SkeletonFacts(s.Facts, it.Skeleton); err != nil {
		return "", failure.Input(fmt.Errorf("%w; 'assay predict --runtime %s' knows what its cache takes", err, it.Runtime))
	}
	path, err := s.Runtime.WriteSkeleton(ctx, dirs.Skeletons(), s.Facts, it.Skeleton, s.WeightType)
	if err != nil {
		return "", fmt.Errorf("a file to plan with: %w", err)
	}
	return path, nil
}
