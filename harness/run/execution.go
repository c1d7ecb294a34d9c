package run

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"assay/harness/failure"
	"assay/harness/record"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/harness/worker"
	"assay/results"
	"assay/results/figure"
)

// execution is one run under way.
type execution struct {
	*Runner
	*journal
	deadline time.Time
	canary   canary
	// cut are the samples of the worker that an interrupt ended, by its item.
	cut map[int][]int64
	// recorded are the records that are complete, with which later ones are compared.
	recorded []results.Record
}

func (x *execution) execute(ctx context.Context) error {
	if err := x.loadFacts(ctx); err != nil {
		return err
	}
	if err := x.openChosen(ctx, x.plan.Items); err != nil {
		return err
	}
	if x.Planned != nil {
		x.Planned(Planned{Suite: x.plan.Suite, Items: x.plan.Items, Foretold: x.foretold(ctx), Fallbacks: x.fallbacks()})
	}
	if b := x.plan.Suite.Budget; b > 0 {
		x.deadline = time.Now().Add(time.Duration(b))
	}
	for round := 0; ; round++ {
		todo := x.due(round)
		if len(todo) == 0 {
			break
		}
		if err := x.round(ctx, round, todo); err != nil {
			return err
		}
	}
	return nil
}

// loadFacts reads the facts of the items and the canary, which the journal does
// not hold.
func (x *execution) loadFacts(ctx context.Context) error {
	for i := range x.plan.Items {
		if err := x.plan.Items[i].Load(ctx); err != nil {
			return err
		}
	}
	if x.Canary != nil {
		for _, item := range x.Canary.items {
			if err := item.Load(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// foretold reports whether the time of one of the items can be predicted.
func (x *execution) foretold(ctx context.Context) bool {
	asked := map[string]bool{}
	for _, it := range x.plan.Items {
		if !it.Timed() || asked[it.Runtime] {
			continue
		}
		asked[it.Runtime] = true
		rec := results.Record{Host: x.Host(ctx), Runtime: x.library(it).runtime, Model: subject.ModelOf(it), Case: it.Case}
		record.Predict(&rec, it)
		if record.Foretell(&rec, x.Fits); predictsTime(rec) {
			return true
		}
	}
	return false
}

func predictsTime(rec results.Record) bool {
	return rec.Predicted != nil && rec.Predicted.Seconds != nil
}

// tellPartial hands on what was measured of cases that an interrupt left unfinished.
func (x *execution) tellPartial(ctx context.Context) {
	if x.Partial == nil || ctx.Err() == nil {
		return
	}
	for i, it := range x.plan.Items {
		last := -1
		for round := range x.plan.Suite.MaxRounds {
			if _, ok := x.done[visit{i, round}]; ok {
				last = round
			}
		}
		if (last >= 0 || len(x.cut[i]) > 0) && x.needs(i, it, last+1) {
			rec := x.record(i)
			x.addCut(&rec, i)
			x.Partial(rec)
		}
	}
}

// addCut joins a record with the samples of the worker that was ended.
func (x *execution) addCut(rec *results.Record, i int) {
	if len(x.cut[i]) == 0 {
		return
	}
	if rec.Measured == nil {
		rec.Measured = &results.Measured{}
	}
	rec.Measured.SamplesNS = append(rec.Measured.SamplesNS, x.cut[i]...)
	rec.Measured.TokensPerSecond = results.Speed(rec.Measured.SamplesNS, rec.Case.Tokens())
}

// due lists the items that need this round: in an order of the round's own, so that
// heat and drift do not meet the same cases every time, and in the last of those that
// every case has in the suite's, since cases are complete and shown there.
func (x *execution) due(round int) []int {
	var todo []int
	for i, it := range x.plan.Items {
		if x.needs(i, it, round) {
			todo = append(todo, i)
		}
	}
	if round == x.plan.Suite.Rounds-1 {
		return todo
	}
	h := fnv.New64a()
	fmt.Fprint(h, x.plan.RunID)
	order := mathrand.New(mathrand.NewPCG(h.Sum64(), uint64(round)))
	order.Shuffle(len(todo), func(a, b int) { todo[a], todo[b] = todo[b], todo[a] })
	return todo
}

func (x *execution) needs(i int, it subject.Item, round int) bool {
	if round == 0 {
		return true
	}
	if !it.Timed() || x.failed(i) || round >= x.plan.Suite.MaxRounds {
		return false
	}
	if round < x.plan.Suite.Rounds {
		return true
	}
	outOfTime := !x.deadline.IsZero() && time.Now().After(x.deadline)
	return !outOfTime && !x.precise(i)
}

// failed reports whether any visit of the item failed: it is not tried again.
func (x *execution) failed(i int) bool {
	for round := range x.plan.Suite.MaxRounds {
		if e, ok := x.done[visit{i, round}]; ok && e.Failure != "" {
			return true
		}
	}
	return false
}

// precise reports whether the item's confidence interval is as narrow as asked.
func (x *execution) precise(i int) bool {
	want := x.plan.Suite.Precision
	if want == 0 {
		return true
	}
	m := x.merge(i)
	if m == nil {
		return true
	}
	tps := results.Speed(m.SamplesNS, x.plan.Items[i].Case.Tokens())
	return tps != nil && tps.CI95 != nil && (tps.CI95[1]-tps.CI95[0])/2 <= want*tps.Median
}

func (x *execution) round(ctx context.Context, round int, todo []int) error {
	for n, i := range todo {
		v := visit{i, round}
		if _, ok := x.done[v]; !ok {
			step := Progress{Round: round + 1, Rounds: max(x.plan.Suite.Rounds, round+1), Done: n, Total: len(todo), Item: x.plan.Items[i]}
			e, err := x.watched(ctx, v, step)
			if err != nil {
				return err
			}
			if err := x.add(e); err != nil {
				return err
			}
			step.Ended, step.Failure = true, e.Failure
			if e.Outcome != nil && e.Outcome.Measured != nil {
				step.SamplesNS = e.Outcome.Measured.SamplesNS
			}
			x.tell(step)
		}
		if !x.complete(i, round) {
			continue
		}
		rec := x.record(i)
		record.CameOut(&rec, x.recorded)
		x.recorded = append(x.recorded, rec)
		if err := x.Record(ctx, rec); err != nil {
			return err
		}
	}
	return nil
}

// complete reports whether this round was the item's last.
func (x *execution) complete(i, round int) bool {
	return !x.needs(i, x.plan.Items[i], round+1)
}

// visit runs one item once. A failure of the case is part of the entry; an
// error ends the run.
func (x *execution) visit(ctx context.Context, v visit, step Progress) (entry, error) {
	it := x.plan.Items[v.Item]
	tell := func(phase string) {
		step.Phase = phase
		x.tell(step)
	}
	e := entry{visit: v, Time: time.Now().UTC(), Host: x.Host(ctx)}
	err := x.fits(it, e.Host)
	path := ""
	if err == nil {
		path, err = x.model(ctx, it, tell)
	}
	if err != nil {
		e.Failure, e.Skipped = err.Error(), failure.IsTooLarge(err)
		return e, ctx.Err()
	}
	req := worker.Request{Task: worker.Measure, Runtime: it.Runtime, Path: path, Case: it.Case, Observe: v.Round == 0}
	if it.Timed() {
		req.Samples = x.plan.Suite.SamplesIn(v.Round)
		step.Samples = req.Samples
	}
	if it.Case.Kind == results.KindPlan {
		req.Task = worker.Plan
	}
	w := worker.Spawner{Command: x.Worker, Env: x.library(it).env, Timeout: time.Duration(x.plan.Suite.Timeout)}
	out, err := w.Run(ctx, req, func(m worker.Message) {
		if m.PID != 0 {
			step.PID = m.PID
		}
		switch {
		case m.Phase != "":
			tell(m.Phase)
		case m.SampleNS > 0:
			step.SamplesNS = append(step.SamplesNS, m.SampleNS)
			x.tell(step)
		}
	})
	if ctx.Err() != nil {
		x.cut = map[int][]int64{v.Item: step.SamplesNS}
		return entry{}, ctx.Err()
	}
	var failure *worker.Error
	switch {
	case errors.As(err, &failure):
		e.Failure, e.Log = failure.Reason, failure.Log
	case err != nil:
		return entry{}, err
	default:
		e.Outcome = out
	}
	if after := x.Host(ctx); after.Thermal != "" {
		e.Host.ThermalAfter = after.Thermal
	}
	return e, nil
}

func (x *execution) tell(step Progress) {
	if x.Progress != nil {
		x.Progress(step)
	}
}

// model returns the path of what the item runs, written first if need be.
func (x *execution) model(ctx context.Context, it subject.Item, tell func(string)) (string, error) {
	rt, err := runtimes.Named(it.Runtime)
	if err != nil {
		return "", err
	}
	if it.Skeleton == "" {
		path := it.Facts.Path
		return path, rt.Accepts(path, it.Case.Kind)
	}
	tell("writing the skeleton")
	path, err := rt.WriteSkeleton(ctx, x.Home.Skeletons(), it.Run, it.Skeleton, it.WeightType)
	if err != nil {
		return "", fmt.Errorf("the skeleton of %s: %w", it.Ref, err)
	}
	return path, nil
}

// fits refuses a case whose weights and cache alone would not fit in the
// memory that is free, before anything of it is written or loaded.
func (x *execution) fits(it subject.Item, h results.Host) error {
	if x.Force || h.FreeMemoryBytes == nil || it.Case.Kind == results.KindPlan {
		return nil
	}
	rt, err := runtimes.Named(it.Runtime)
	if err != nil {
		return err
	}
	p, err := rt.Predict(it.Facts, it.Run, it.WeightType, it.Case, x.library(it).runtime)
	if err != nil {
		return nil // what cannot be predicted cannot be refused
	}
	need := p.Memory
	if need == nil {
		need = &results.Memory{WeightBytes: p.WeightBytes, KVBytes: p.KVBytes}
	}
	for _, at := range limits(x.library(it).runtime, need, h) {
		n, _ := need.On(at.device).Need()
		if by := results.TooMuch(n, at.bytes); by != "" {
			return failure.TooLarge(fmt.Errorf("%s does not fit at a context of %d (%s): %s of %s; it needs %s; choose a smaller model, context "+
				"or type, or run it all the same with --force",
				it.Ref, it.Case.NCtx, by, figure.Bytes(at.bytes), at.what, need))
		}
	}
	return nil
}

// limit is how much of a device's memory there is, and what that is called.
type limit struct {
	device string
	bytes  int64
	what   string
}

// limits are what a model must fit in: what the library says that each GPU that holds a
// part of it may hold, and what of the machine's memory is free. Where it is not known
// what lies where, one GPU alone has to hold it all.
func limits(lib results.Runtime, need *results.Memory, h results.Host) []limit {
	var list []limit
	gpus := lib.GPUs()
	for _, d := range gpus {
		held := need.Devices[d.Name] != nil || need.Devices == nil && len(gpus) == 1
		if held && d.TotalBytes != nil {
			list = append(list, limit{d.Name, *d.TotalBytes, "memory is what " + d.Name + " may have"})
		}
	}
	return append(list, limit{"", *h.FreeMemoryBytes, "memory is free"})
}

// fallbacks are what the devices of the libraries that were found have no kernel for in
// the run's cases, a sentence each, before anything runs.
func (x *execution) fallbacks() (said []string) {
	for _, it := range x.plan.Items {
		lib := x.library(it).runtime
		rt, err := runtimes.Named(it.Runtime)
		if err != nil || len(lib.GPUs()) == 0 {
			continue
		}
		p, err := rt.Predict(it.Facts, it.Run, it.WeightType, it.Case, lib)
		if err != nil {
			continue // which is said of the case
		}
		for _, falls := range p.Fallbacks {
			if !slices.Contains(said, falls) {
				said = append(said, falls)
			}
		}
	}
	return said
}

// finish executes what is left of a run, then does what its outputs need to be whole,
// and only then calls the run finished.
func (r *Runner) finish(ctx context.Context, j *journal, whole func() error) error {
	x := &execution{Runner: r, journal: j}
	if err := x.execute(ctx); err != nil {
		x.tellPartial(ctx)
		return errors.Join(err, j.file.Close())
	}
	if err := whole(); err != nil {
		return errors.Join(err, j.file.Close())
	}
	return j.finish()
}
