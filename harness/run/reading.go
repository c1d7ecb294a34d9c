package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"assay/harness/worker"
	"assay/results/stat"
)

// watched visits an item; a timed one between two readings of the canary, of
// which the second is the next one's first.
func (x *execution) watched(ctx context.Context, v visit, step Progress) (entry, error) {
	if x.Canary == nil || !step.Item.Timed() {
		return x.visit(ctx, v, step)
	}
	if x.canary.last == nil {
		x.readCanary(ctx, step)
	}
	before := x.canary.last
	e, err := x.visit(ctx, v, step)
	if err != nil {
		return e, err
	}
	x.readCanary(ctx, step)
	if before != nil && x.canary.last != nil {
		e.Canary = []CanaryReading{*before, *x.canary.last}
	}
	if x.canary.failed != nil {
		e.CanaryFailure = x.canary.failed.Error()
	}
	return e, nil
}

// readCanary runs the canary. One that fails is not tried again: what it would
// have said is absent, and the run goes on.
func (x *execution) readCanary(ctx context.Context, step Progress) {
	x.canary.last = nil
	if x.canary.failed != nil {
		return
	}
	tell := func(string) {
		if step.Phase = "canary"; x.Progress != nil {
			x.Progress(step)
		}
	}
	tell("")
	path, err := x.model(ctx, x.Canary.item, tell)
	if err != nil {
		x.canary.failed = err
		return
	}
	w := worker.Spawner{Command: x.Worker, Env: x.Env, Timeout: x.Canary.timeout}
	req := worker.Request{Task: worker.Measure, Runtime: x.Canary.item.Runtime, Path: path, Case: x.Canary.item.Case, Samples: x.Canary.samples}
	out, err := w.Run(ctx, req, func(worker.Message) {})
	if err == nil && (out.Measured == nil || len(out.Measured.SamplesNS) == 0) {
		err = errors.New("it brought no sample")
	}
	if err != nil {
		if ctx.Err() == nil {
			x.canary.failed = err
		}
		return
	}
	x.canary.last = &CanaryReading{Time: time.Now().UTC(), NS: int64(stat.Median(out.Measured.SamplesNS))}
}

// canaryOf lists the readings before and after each of an item's visits.
func (x *execution) canaryOf(i int) []int64 {
	var out []int64
	for round := range x.plan.Suite.MaxRounds {
		for _, r := range x.done[visit{i, round}].Canary {
			out = append(out, r.NS)
		}
	}
	return out
}

// CanaryReadings are all readings of a run in a folder of runs, oldest first. The
// error may be why there are no more of them.
func CanaryReadings(dir, runID string) ([]CanaryReading, error) {
	j, _, err := lookInto(journalPath(dir, runID))
	if err != nil {
		return nil, err
	}
	var all []CanaryReading
	for _, e := range j.done {
		all = append(all, e.Canary...)
		if e.CanaryFailure != "" {
			err = fmt.Errorf("the canary failed and was left out from then on: %s", e.CanaryFailure)
		}
	}
	slices.SortFunc(all, func(a, b CanaryReading) int { return a.Time.Compare(b.Time) })
	return slices.CompactFunc(all, func(a, b CanaryReading) bool { return a.Time.Equal(b.Time) }), err
}
