// Package night judges a stored run as a nightly job does: against the baseline
// and the accepted nights before it, with what was already said in mind; and it
// moves the baseline when a change is accepted. It measures nothing and tells
// nobody.
package night

import (
	"context"
	"errors"
	"fmt"
	"time"

	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/store"
)

// ErrFirst is returned for the first run of a machine: there is nothing to
// judge it against.
var ErrFirst = errors.New("the store has no earlier run of this machine to judge it against")

// Verdict is what was found of a night.
type Verdict struct {
	Diff diff.Diff `json:"diff"`
	// Alerts are tonight's with their states, and those that are over.
	Alerts []alert.Alert `json:"alerts"`
}

// Judge compares a run with its machine's baseline: figures without noise with
// the run that the baseline of each case stands on, timings with the last
// accepted nights. The memory of alerts is brought up to now, which is when
// they are said, and stored.
func Judge(ctx context.Context, st *store.Store, head results.Run, opt diff.Options, now time.Time) (Verdict, error) {
	if len(head.Records) == 0 {
		return Verdict{}, fmt.Errorf("run %s holds no record", head.ID)
	}
	machine := head.Records[0].Host.Machine()
	memory, err := alert.Recall(ctx, st, machine)
	if err != nil {
		return Verdict{}, err
	}
	b, err := newBaseline(ctx, st, machine, head)
	if err != nil {
		return Verdict{}, err
	}
	if opt.Window, err = b.window(ctx, st, memory.Suspects()); err != nil {
		return Verdict{}, err
	}
	opt.FitOnly = true
	d, err := diff.Compare(b.run, head, opt)
	if err != nil {
		return Verdict{Diff: d}, err
	}
	alerts := memory.Update(alert.FromDiff(d), judged(d, head), now)
	return Verdict{d, alerts}, memory.Keep(ctx, st, machine)
}

// judged says which cases both sides have and a fit machine measured; "" stands
// for all of them together.
func judged(d diff.Diff, head results.Run) func(results.Key) bool {
	cases := head.ByKey()
	done := map[results.Key]bool{"": d.Common != nil}
	for _, c := range d.Cases {
		done[c.Key] = (c.Failure == nil || c.Failure.Broke()) && len(cases[c.Key].Host.Unfit) == 0
	}
	return func(key results.Key) bool { return done[key] }
}

// Acceptance is a change that is meant.
type Acceptance struct {
	// Keys are the cases whose change is meant; none means the whole run.
	Keys []results.Key
	Who  string
	Why  string
	Time time.Time
}

// Accept moves the baseline to a run and closes the alerts about it.
func Accept(ctx context.Context, st *store.Store, head results.Run, a Acceptance) ([]alert.Acceptance, error) {
	switch {
	case len(head.Records) == 0:
		return nil, fmt.Errorf("run %s holds no record", head.ID)
	case a.Who == "" || a.Why == "":
		return nil, errors.New("a change is accepted by somebody, for a reason")
	}
	machine := head.Records[0].Host.Machine()
	keys := a.Keys
	if len(keys) == 0 {
		keys = []results.Key{""}
	}
	cases := head.ByKey()
	for _, key := range keys {
		if _, ok := cases[key]; !ok && key != "" {
			return nil, fmt.Errorf("run %s has no case %s", head.ID, key)
		}
	}
	for _, key := range keys {
		move := store.Baseline{Machine: machine, Key: string(key), Run: head.ID, Time: a.Time, Who: a.Who, Why: a.Why}
		if err := st.MoveBaseline(ctx, move); err != nil {
			return nil, err
		}
	}
	memory, err := alert.Recall(ctx, st, machine)
	if err != nil {
		return nil, err
	}
	done := memory.Accept(a.Keys, alert.Acceptance{Run: head.ID, Who: a.Who, Why: a.Why, Time: a.Time})
	return done, memory.Keep(ctx, st, machine)
}
