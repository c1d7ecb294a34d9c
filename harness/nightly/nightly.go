// Package nightly is one unattended night: it composes what other packages do
// into lock, preflight, measure or go on with what was interrupted, judge, tell
// and tidy up. It measures, judges and formats nothing itself.
package nightly

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/harness/archive"
	"assay/harness/failure"
	"assay/harness/home"
	"assay/harness/machine"
	"assay/harness/run"
	"assay/harness/suite"
	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/night"
	"assay/results/store"
)

// Purpose marks the runs that nightly began.
const Purpose = "nightly"

// resumable is how old an interrupted night may be to be gone on with: so old
// that the night after a reboot still does.
const resumable = 26 * time.Hour

// Options say what a night is to do.
type Options struct {
	Suite suite.Suite
	// Bench are the options of the run; Purpose and Command are set here.
	Bench run.Options
	Home  home.Home
	// Fresh begins anew where a run was interrupted.
	Fresh bool
	// Across lists what tonight may differ in from the baseline's run.
	Across []diff.Aspect
	// Reports is the folder for this night's files.
	Reports string
	// Keep is how many nights' files are kept; 0 keeps all.
	Keep int
	// Webhook is told of what is loud, if it has a URL.
	Webhook alert.Webhook
	// Step is told in a sentence what is being done; it may be nil.
	Step func(string)
	// Now is time.Now if nil.
	Now func() time.Time
}

// Night is what became of a night.
type Night struct {
	Run     string `json:"run"`
	Resumed bool   `json:"resumed"`
	// Unfit are the reasons why the machine was not fit, at any time of the night.
	Unfit []string `json:"unfit"`
	Cases int      `json:"cases"`
	// Failed counts cases that failed or were skipped, Refuted those with a check
	// that did not hold.
	Failed  int `json:"failed"`
	Refuted int `json:"refuted"`
	// NotPredicted cases were measured and could not be predicted.
	NotPredicted int `json:"not_predicted"`
	// Canary is how the machine drifted, by runtime; none where no canary was timed.
	Canary []Drift `json:"canary,omitempty"`
	// First is set where there was nothing to judge against; NotJudged says why
	// else the night was not judged.
	First     bool   `json:"first"`
	NotJudged string `json:"not_judged,omitempty"`
	// Adopted is how many cases became a baseline tonight.
	Adopted int `json:"adopted"`
	// Diff is the comparison with the baseline; nil if there was none.
	Diff *diff.Diff `json:"diff,omitempty"`
	// Alerts are tonight's with their states.
	Alerts []alert.Alert `json:"alerts"`
	// Files were written; Removed counts those of nights that are no longer kept.
	Files   []string `json:"files"`
	Removed int      `json:"removed"`
	// Warnings are sentences about what went wrong and did not end the night.
	Warnings []string `json:"warnings"`
}

// Regressed says whether something is to be announced tonight that got worse.
func (n Night) Regressed() bool {
	for _, a := range alert.Loud(n.Alerts) {
		if a.Regression {
			return true
		}
	}
	return false
}

// Run does one night. An error means that it was not measured or not judged to
// its end; what was measured is stored, and the next call goes on with it.
func Run(ctx context.Context, o Options) (Night, error) {
	n := Night{Unfit: []string{}, Alerts: []alert.Alert{}, Files: []string{}, Warnings: []string{}}
	if o.Now == nil {
		o.Now = time.Now
	}
	held, err := acquire(o.Home.NightlyLock(), o.Now())
	if err != nil {
		return n, err
	}
	err = o.run(ctx, &n)
	return n, errors.Join(err, held.release())
}

func (o Options) run(ctx context.Context, n *Night) error {
	o.preflight(ctx)
	if err := o.measure(ctx, n); err != nil {
		return err
	}
	st, err := archive.Open(ctx, o.Bench.Store)
	if err != nil {
		return err
	}
	return errors.Join(o.conclude(ctx, st, n), st.Close())
}

// preflight says beforehand what speaks against measuring. It refuses nothing:
// bytes and operations do not depend on it, and each case records its own state.
func (o Options) preflight(ctx context.Context) {
	read := o.Bench.Host
	if read == nil {
		read = machine.Read
	}
	h := read(ctx)
	if len(h.Unfit) == 0 {
		o.step("%s is fit to be measured", h.Machine())
	}
	for _, why := range h.Unfit {
		o.step("%s is not fit to be measured: %s", h.Machine(), why)
	}
}

func (o Options) step(format string, args ...any) {
	if o.Step != nil {
		o.Step(results.Printable(fmt.Sprintf(format, args...)))
	}
}

// measure runs the suite, or goes on with last night's attempt at it.
func (o Options) measure(ctx context.Context, n *Night) error {
	opt := o.Bench.For(o.Suite)
	opt.Purpose, opt.Command, opt.NoStore = Purpose, []string{"assay", "nightly"}, false
	bench, err := run.New(ctx, opt)
	if err != nil {
		return err
	}
	for _, why := range bench.Unusable() {
		n.Warnings = append(n.Warnings, "not used: "+why)
	}
	interrupted := ""
	if !o.Fresh {
		if interrupted, err = run.Interrupted(o.Home.Runs(), Purpose, o.Suite, o.Now().Add(-resumable)); err != nil {
			return err
		}
	}
	if interrupted != "" {
		n.Resumed = true
		o.step("going on with run %s, which was interrupted", interrupted)
		if err = bench.Resume(ctx, interrupted); err != nil && ctx.Err() == nil && failure.IsInput(err) {
			// What cannot be gone on with must not cost this night, and the next ones.
			n.Resumed = false
			n.warn(fmt.Errorf("run %s is not gone on with: %w", interrupted, err))
			if bench, err = run.New(ctx, opt); err == nil {
				err = bench.Run(ctx, o.Suite)
			}
		}
	} else {
		o.step("measuring %s", o.Suite.Name)
		err = bench.Run(ctx, o.Suite)
	}
	n.Run = bench.RunID
	return err
}

// conclude judges, tells and tidies up.
func (o Options) conclude(ctx context.Context, st *store.Store, n *Night) error {
	head, err := st.Run(ctx, n.Run)
	if err != nil {
		return err
	}
	n.count(head)
	readings, err := run.CanaryReadings(o.Home.Runs(), n.Run)
	if err != nil {
		n.warn(err)
	}
	n.Canary = newDrifts(readings)
	if err := o.judge(ctx, st, head, n); err != nil {
		return err
	}
	err = o.write(ctx, st, n)
	if hook := o.deliver(ctx, st, head); hook != nil { // told even where no file could be written
		n.warn(hook)
	}
	if err != nil {
		return err
	}
	n.Removed, err = o.retain(ctx, st, head)
	return err
}

func (n *Night) warn(err error) { n.Warnings = append(n.Warnings, err.Error()) }

// deliver posts what is pending, tonight's and what an earlier night's delivery did
// not bring, where there is a webhook.
func (o Options) deliver(ctx context.Context, st *store.Store, head results.Run) error {
	if o.Webhook.URL == "" {
		return nil
	}
	machine := head.Records[0].Host.Machine()
	pending, err := night.Pending(ctx, st, machine)
	if err != nil {
		return err
	}
	if err := o.Webhook.Post(ctx, pending); err != nil {
		return fmt.Errorf("%w; the next night sends them again", err)
	}
	return night.Delivered(ctx, st, machine, pending)
}

func (n *Night) count(head results.Run) {
	t := results.Count(head.Records)
	n.Cases, n.Failed, n.Refuted, n.NotPredicted, n.Unfit = t.Cases, t.Unsuccessful(), t.Refuted, t.NotPredicted, t.Reasons
}

// judge compares the night with its baseline. A night that cannot be compared is
// stored and reported all the same.
func (o Options) judge(ctx context.Context, st *store.Store, head results.Run, n *Night) error {
	verdict, err := night.Judge(ctx, st, head, night.Options{
		Diff: diff.Options{Smallest: o.Suite.MinEffect, Across: o.Across}, Now: o.Now(), Deliver: o.Webhook.URL != "",
	})
	var incomparable *diff.IncomparableError
	switch {
	case errors.Is(err, night.ErrFirst):
		n.First, n.Alerts = true, verdict.Alerts
	case errors.As(err, &incomparable):
		n.NotJudged = incomparable.Error()
		return nil
	case err != nil:
		return err
	default:
		n.Diff, n.Alerts = &verdict.Diff, verdict.Alerts
	}
	n.Adopted, err = night.Adopt(ctx, st, head, o.Now())
	return err
}
