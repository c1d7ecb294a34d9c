// Package run executes a suite on this machine: in rounds, with a worker for each
// case, a journal from which an interrupted run goes on, a canary between the timed
// cases, and the outputs that records go to. It does not know what is printed.
package run

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	mathrand "math/rand/v2"
	"time"

	"assay/harness/failure"
	"assay/harness/home"
	"assay/harness/record"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/harness/worker"
	"assay/predict/roofline"
	"assay/results"
	"assay/results/figure"
)

// Runner executes a suite on this machine.
type Runner struct {
	Home home.Home
	// Worker is the command that starts a worker; see worker.Self.
	Worker []string
	// Env are variables that workers get beside this program's own.
	Env []string
	// Host reads the machine and its state; it is asked before each worker.
	Host func(context.Context) results.Host
	// Available are the runtimes that were found, by name.
	Available map[string]results.Runtime
	// Rules names rule sets that are judged against what was measured.
	Rules []string
	// Fits predict the duration of timed cases, the newest that knows the
	// machine and the runtime.
	Fits []roofline.Fit
	// Force runs models that would not fit in memory.
	Force bool
	// Purpose says who began the run; see Interrupted.
	Purpose string
	// Canary is timed before, between and after the timed cases; nil for none.
	Canary *Canary
	// Planned is told once what will be run, before anything is; it may be nil.
	Planned func(Planned)
	// Progress is told of each step; it may be nil.
	Progress func(Progress)
	// Partial is given, when the run is interrupted, the records of cases that were
	// measured in part; they are stored nowhere. It may be nil.
	Partial func(results.Record)
	// Record is called with each record as soon as it is complete. An error
	// ends the run; what was done so far can be resumed.
	Record func(context.Context, results.Record) error
}

// Planned is what a run will do.
type Planned struct {
	Suite suite.Suite
	Items []subject.Item
	// Foretold says that the time of some case can be predicted on this machine.
	Foretold bool
}

// Visits are how many workers will be started, as far as that is known: rounds that
// are added for precision are not.
func (p Planned) Visits() int {
	n := 0
	for _, it := range p.Items {
		if n++; it.Timed() {
			n += p.Suite.Rounds - 1
		}
	}
	return n
}

// Progress is one step of a run: a worker begins a phase, has a sample, or is done.
type Progress struct {
	Round, Rounds int
	Done, Total   int // workers of this round
	Item          subject.Item
	Phase         string
	// PID is the worker's, for whoever wants to attach to it; 0 before it starts.
	PID int
	// SamplesNS are the worker's so far, of Samples that it is to take.
	SamplesNS []int64
	Samples   int
	// Ended says that the worker is done; Failure is why it brought nothing.
	Ended   bool
	Failure string
}

// Run executes the items of a suite as the run of that id.
func (r *Runner) Run(ctx context.Context, runID string, started time.Time, s suite.Suite, items []subject.Item) error {
	j, err := r.begin(plan{RunID: runID, Started: started, Purpose: r.Purpose, Suite: s, Items: items})
	if err != nil {
		return err
	}
	return r.finish(ctx, j, func() error { return nil })
}

// begin writes the plan of a new run.
func (r *Runner) begin(p plan) (*journal, error) {
	if len(p.Items) == 0 {
		return nil, failure.Input(errors.New("the suite has no case for the runtimes that were found"))
	}
	if err := apart(p.Items); err != nil {
		return nil, err
	}
	return createJournal(r.Home.Runs(), p)
}

// apart refuses items that nothing in their results would tell apart.
func apart(items []subject.Item) error {
	seen := map[results.Key]subject.Item{}
	for _, it := range items {
		key := results.Record{Runtime: results.Runtime{Name: it.Runtime}, Model: subject.ModelOf(it), Case: it.Case}.Key()
		if other, taken := seen[key]; taken && other.Ref != it.Ref {
			return failure.Input(fmt.Errorf("%q and %q are both called %q, and their results could not be told apart; run one of them, or rename it (general.name)",
				other.Ref, it.Ref, it.Facts.Name))
		}
		seen[key] = it
	}
	return nil
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

// newRunID begins with the time, so that ids sort as runs were started.
func newRunID(now time.Time) string {
	var salt [3]byte
	_, _ = rand.Read(salt[:]) // never fails, by its documentation
	return now.Format("20060102-150405") + "-" + hex.EncodeToString(salt[:])
}

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
	if x.Planned != nil {
		x.Planned(Planned{Suite: x.plan.Suite, Items: x.plan.Items, Foretold: x.foretold(ctx)})
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
		return x.Canary.item.Load(ctx)
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
		rec := results.Record{Host: x.Host(ctx), Runtime: x.Available[it.Runtime], Model: subject.ModelOf(it), Case: it.Case}
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
		req.Samples = x.plan.Suite.Samples
		step.Samples = req.Samples
	}
	if it.Case.Kind == results.KindPlan {
		req.Task = worker.Plan
	}
	w := worker.Spawner{Command: x.Worker, Env: x.Env, Timeout: time.Duration(x.plan.Suite.Timeout)}
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
		return path, rt.Accepts(path)
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
	p, err := rt.Predict(it.Facts, it.Run, it.WeightType, it.Case, x.Available[it.Runtime])
	if err != nil || p.WeightBytes == nil || p.KVBytes == nil {
		return nil // what cannot be predicted cannot be refused
	}
	if need := *p.WeightBytes + *p.KVBytes; need > *h.FreeMemoryBytes {
		return failure.TooLarge(fmt.Errorf("%s needs %s for weights and %s for its KV cache, but %s of memory is free; choose a smaller model, context or type, or run it all the same with --force",
			it.Ref, figure.Bytes(*p.WeightBytes), figure.Bytes(*p.KVBytes), figure.Bytes(*h.FreeMemoryBytes)))
	}
	return nil
}
