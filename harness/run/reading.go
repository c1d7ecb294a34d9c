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
	rt := step.Item.Runtime
	if x.Canary == nil || !step.Item.Timed() || x.Canary.items[rt] == nil {
		return x.visit(ctx, v, step)
	}
	if x.canary.last == nil || x.canary.last.Runtime != rt {
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
	if err := x.canary.failed[rt]; err != nil {
		e.CanaryFailure = err.Error()
	}
	return e, nil
}

// readCanary runs the canary of an item's runtime. One that fails is not tried again: what it would
// have said is absent, and the run goes on.
func (x *execution) readCanary(ctx context.Context, step Progress) {
	x.canary.last = nil
	item := *x.Canary.items[step.Item.Runtime]
	if x.canary.failed[item.Runtime] != nil {
		return
	}
	failed := func(err error) {
		if x.canary.failed == nil {
			x.canary.failed = map[string]error{}
		}
		x.canary.failed[item.Runtime] = err
	}
	tell := func(string) {
		if step.Phase = "canary"; x.Progress != nil {
			x.Progress(step)
		}
	}
	tell("")
	path, err := x.model(ctx, item, tell)
	if err != nil {
		failed(err)
		return
	}
	w := worker.Spawner{Command: x.Worker, Env: x.Env, Timeout: x.Canary.timeout}
	req := worker.Request{Task: worker.Measure, Runtime: item.Runtime, Path: path, Case: item.Case, Samples: x.Canary.samples}
	out, err := w.Run(ctx, req, func(worker.Message) {})
	if err == nil && (out.Measured == nil || len(out.Measured.SamplesNS) == 0) {
		err = errors.New("it brought no sample")
	}
	if err != nil {
		if ctx.Err() == nil {
			failed(err)
		}
		return
	}
	x.canary.last = &CanaryReading{Time: time.Now().UTC(), NS: int64(stat.Median(out.Measured.SamplesNS)), Runtime: item.Runtime}
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
