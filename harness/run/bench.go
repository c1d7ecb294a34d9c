package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"assay/harness/archive"
	"assay/harness/failure"
	"assay/harness/home"
	"assay/harness/machine"
	"assay/harness/record"
	"assay/harness/runtimes"
	"assay/harness/speed"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/harness/worker"
	"assay/predict/roofline"
	"assay/results"
	"assay/results/store"
)

// Options are what `assay run` can be told besides the suite.
type Options struct {
	// Runtimes to use; all that are found if it is empty. A named one that
	// cannot be used is an error, one that was not asked for is reported.
	Runtimes []string
	// Rules are the rule sets to judge; all of them if empty, none for "none".
	Rules []string
	Force bool
	// Out is a further file for the records, "-" for Stdout.
	Out    string
	Stdout io.Writer
	// Store is a file or DSN; empty is the user's own. NoStore writes none.
	Store   string
	NoStore bool
	// Env are variables, "NAME=value", for the workers: which library they take.
	Env []string
	// Command is recorded as what was typed.
	Command []string
	// Purpose says who began the run; see Interrupted.
	Purpose string
	// Canary is a suite whose first case is timed between the others; nil for
	// none. See suite.Canary.
	Canary *suite.Suite
	// Host reads the machine and its state; machine.Read if nil.
	Host     func(context.Context) results.Host
	Planned  func(Planned)
	Progress func(Progress)
	Record   func(results.Record)
	// Partial takes what an interrupted run has of cases that are not complete.
	Partial func(results.Record)
}

// Bench is a machine ready to run suites: libraries probed, outputs open.
type Bench struct {
	// Probed is what was found of each runtime.
	Probed []worker.Probed
	// RunID is set once a run has begun.
	RunID string
	// Records is the run's file of records.
	Records string

	opt    Options
	home   home.Home
	runner *Runner
	out    *outputs
}

// New probes the runtimes and opens the store. Nothing is measured yet.
func New(ctx context.Context, opt Options) (*Bench, error) {
	if _, err := record.Rivals(opt.Rules); err != nil {
		return nil, err
	}
	dirs, err := home.Find()
	if err != nil {
		return nil, err
	}
	if err := dirs.Writable(); err != nil {
		return nil, failure.NoRuntime(err)
	}
	self, err := worker.Self()
	if err != nil {
		return nil, err
	}
	if opt.Host == nil {
		opt.Host = machine.Read
	}
	b := &Bench{opt: opt, home: dirs, out: &outputs{}}
	if err := checkOut(opt.Out); err != nil {
		return nil, err
	}
	if err := b.probe(ctx, self); err != nil {
		return nil, err
	}
	canary, err := newCanary(ctx, opt.Canary, b.usable())
	if err != nil {
		return nil, err
	}
	var fits []roofline.Fit
	if !opt.NoStore {
		if b.out.store, err = archive.Open(ctx, opt.Store); err != nil {
			return nil, err
		}
		if fits, err = speed.Stored(ctx, b.out.store); err != nil {
			return nil, errors.Join(err, b.out.store.Close())
		}
	}
	b.runner = &Runner{
		Home: dirs, Worker: self, Env: opt.Env, Host: opt.Host, Purpose: opt.Purpose, Canary: canary, Available: b.available(), Rules: opt.Rules,
		Fits: fits, Force: opt.Force, Planned: opt.Planned, Progress: opt.Progress, Partial: opt.Partial, Record: b.record,
	}
	return b, nil
}

// probe finds the runtimes; it fails when one that was asked for, or every one,
// cannot be used.
func (b *Bench) probe(ctx context.Context, self []string) (err error) {
	names := b.opt.Runtimes
	if len(names) == 0 {
		for _, rt := range runtimes.All() {
			names = append(names, rt.Name())
		}
	}
	for _, name := range names {
		if _, err := runtimes.Named(name); err != nil {
			return err
		}
	}
	if b.Probed, err = worker.Probe(ctx, worker.Spawner{Command: self, Env: b.opt.Env}, names); err != nil {
		return err
	}
	asked := len(b.opt.Runtimes) > 0
	usable := 0
	var problems []error
	for _, p := range b.Probed {
		if p.Err == nil {
			usable++
			continue
		}
		problems = append(problems, p.Err)
	}
	if usable == 0 || asked && len(problems) > 0 {
		return failure.NoRuntime(errors.Join(problems...))
	}
	return nil
}

func (b *Bench) available() map[string]results.Runtime {
	out := map[string]results.Runtime{}
	for _, p := range b.Probed {
		if p.Err == nil {
			out[p.Name] = p.Runtime
		}
	}
	return out
}

// usable names the runtimes that can be used, in their order.
func (b *Bench) usable() []string {
	var names []string
	for _, p := range b.Probed {
		if p.Err == nil {
			names = append(names, p.Name)
		}
	}
	return names
}

// Run measures the suite from the beginning.
func (b *Bench) Run(ctx context.Context, s suite.Suite) error {
	items, err := suite.Expand(ctx, s, b.usable())
	if err != nil {
		return b.close(err)
	}
	if why := b.Unusable(); len(items) == 0 && len(why) > 0 {
		return b.close(failure.NoRuntime(fmt.Errorf("every case needs a runtime that cannot be used: %s", strings.Join(why, "; "))))
	}
	if err := b.fitContexts(items); err != nil {
		return b.close(err)
	}
	if err := b.runner.openChosen(ctx, items); err != nil {
		return b.close(err)
	}
	now := time.Now().UTC()
	b.RunID = newRunID(now)
	j, err := b.runner.begin(plan{RunID: b.RunID, Started: now, Purpose: b.opt.Purpose, Suite: s, Items: items, Begun: b.opt.begun()})
	if err != nil {
		return b.close(err)
	}
	if err := b.begin(ctx, j, false); err != nil {
		return b.close(errors.Join(err, j.file.Close(), os.Remove(j.file.Name())))
	}
	return b.close(b.runner.finish(ctx, j, func() error { return b.out.whole(ctx, b.RunID) }))
}

// fitContexts refuses a case that its context does not hold, and, unless it is forced,
// one beyond what the model was trained with: it would run for long and mean little.
func (b *Bench) fitContexts(items []subject.Item) error {
	for _, it := range items {
		c, most := it.Case, it.Facts.ContextLength
		tokens := c.NPrompt + c.NGen + c.NDepth
		switch {
		case c.Kind == results.KindPlan:
		case c.NCtx > 0 && c.NCtx < tokens:
			return failure.Input(fmt.Errorf("-c %d (n_ctx) does not hold the %d tokens of a case; leave it out, or give more", c.NCtx, tokens))
		case it.Timed() && most > 0 && int64(tokens) > most && !b.opt.Force:
			return failure.Input(fmt.Errorf("%d tokens are beyond the context of %d that %s was trained with; run them all the same with --force",
				tokens, most, it.Ref))
		}
	}
	return nil
}

// Resume goes on with an interrupted run, the newest if runID is empty. It takes
// neither one that is going on nor one of another purpose.
func (b *Bench) Resume(ctx context.Context, runID string) error {
	j, err := resumeJournal(b.home.Runs(), runID, b.opt.Purpose)
	if err != nil {
		return b.close(err)
	}
	b.RunID = j.plan.RunID
	if err := b.begin(ctx, j, true); err != nil {
		return b.close(errors.Join(err, j.file.Close()))
	}
	return b.close(b.runner.finish(ctx, j, func() error { return b.out.whole(ctx, b.RunID) }))
}

// begin opens the run's outputs: the store first, so that a run that it refuses leaves
// nothing behind.
func (b *Bench) begin(ctx context.Context, j *journal, resumed bool) error {
	b.Records = filepath.Join(b.home.Runs(), b.RunID+".jsonl")
	b.out.stdout, b.out.seen = b.opt.Stdout, b.opt.Record
	if b.out.store != nil {
		info := store.RunInfo{
			ID: b.RunID, Machine: b.runner.Host(ctx).Machine(), Started: j.plan.Started, Suite: j.plan.Suite.Name, Command: b.opt.Command,
		}
		begin := b.out.store.BeginRun
		if resumed {
			begin = b.out.store.ResumeRun
		}
		if err := begin(ctx, info); err != nil {
			return err
		}
	}
	return b.out.open(ctx, b.RunID, outputFiles{own: b.Records, other: b.opt.Out, resumed: resumed})
}

// record writes a finished record everywhere. It is not given up when the run is
// interrupted: what was measured is kept.
func (b *Bench) record(ctx context.Context, rec results.Record) error {
	return b.out.add(context.WithoutCancel(ctx), rec)
}

func (b *Bench) close(err error) error { return errors.Join(err, b.out.close()) }

// Unusable lists the runtimes that were not found, with what to do.
func (b *Bench) Unusable() []string {
	var out []string
	for _, p := range b.Probed {
		if p.Err != nil {
			out = append(out, p.Name+": "+strings.TrimSpace(p.Err.Error()))
		}
	}
	slices.Sort(out)
	return out
}

// WritesTo reports whether the records themselves go to w.
func (b *Bench) WritesTo(w io.Writer) bool { return b.opt.Out == "-" && b.opt.Stdout == w }
