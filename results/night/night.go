// Package night judges a stored run as a nightly job does: against the baseline
// and the accepted nights before it, with what was already said in mind; and it
// moves the baseline when a change is accepted. It measures nothing and tells
// nobody.
package night

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/stat"
	"assay/results/store"
)

// Verdict is what was found of a night.
type Verdict struct {
	Diff diff.Diff `json:"diff"`
	// Alerts are tonight's with their states, and those that are over.
	Alerts []alert.Alert `json:"alerts"`
}

// Options say how a night is judged.
type Options struct {
	Diff diff.Options
	// Now is when it is said.
	Now time.Time
	// Deliver keeps what is loud until Delivered is called with it.
	Deliver bool
}

// Judge compares a run with its machine's baseline: figures without noise with
// the run that the baseline of each case stands on, timings with the last
// accepted nights. The memory of alerts is brought up to date and stored. A first
// night, which is an ErrFirst, has alerts too: of what failed by itself.
func Judge(ctx context.Context, st *store.Store, head results.Run, o Options) (Verdict, error) {
	if len(head.Records) == 0 {
		return Verdict{}, fmt.Errorf("run %s holds no record", head.ID)
	}
	machine := head.Records[0].Host.Machine()
	memory, err := alert.Recall(ctx, st, machine)
	if err != nil {
		return Verdict{}, err
	}
	v := Verdict{Alerts: []alert.Alert{}}
	first := error(nil)
	b, err := newBaseline(ctx, st, machine, head)
	switch {
	case errors.Is(err, ErrFirst):
		first = err
	case err != nil:
		return v, err
	default:
		since, level := memory.Suspects()
		if o.Diff.Window, err = b.window(ctx, st, diff.Accepted{Suspect: since, Level: level, Like: environments(head)}); err != nil {
			return v, err
		}
		o.Diff.FitOnly = true
		v.Diff, err = diff.Compare(b.run, head, o.Diff)
		switch {
		case newCases(err):
			first, v.Diff = ErrFirst, diff.Diff{}
		case err != nil:
			return v, err
		default:
			v.Alerts = alert.FromDiff(v.Diff)
		}
	}
	v.Alerts = append(v.Alerts, alert.FromRun(head, v.Alerts)...)
	v.Alerts = memory.Update(v.Alerts, judged(v.Diff, head), o.Now)
	if o.Deliver {
		memory.Enqueue(alert.Loud(v.Alerts))
	}
	return v, errors.Join(first, memory.Keep(ctx, st, machine))
}

// newCases says that a night has nothing in common with its baseline, for sure.
func newCases(err error) bool {
	var incomparable *diff.IncomparableError
	return errors.As(err, &incomparable) && incomparable.Apart && incomparable.Unsure == 0
}

func environments(r results.Run) map[results.Key]results.Environment {
	out := map[results.Key]results.Environment{}
	for key, rec := range r.ByKey() {
		out[key] = rec.Environment()
	}
	return out
}

// judged says which alerts a fit machine could have confirmed tonight: those about
// cases that both sides have, and about groups that were judged. A case that is as slow
// as it was said to be has not recovered because tonight's noise hides it.
func judged(d diff.Diff, head results.Run) func(alert.Alert) bool {
	cases := head.ByKey()
	done, total := map[results.Key]bool{}, map[results.Key]float64{}
	for _, c := range d.Cases {
		if c.Time != nil && c.Time.Total != nil {
			total[c.Key] = *c.Time.Total
		}
		done[c.Key] = (c.Failure == nil || c.Failure.Broke()) && len(cases[c.Key].Host.Unfit) == 0
	}
	return func(a alert.Alert) bool {
		switch a.Class {
		case alert.Group:
			return slices.ContainsFunc(d.Groups, func(g diff.Group) bool {
				return g.Scope == stat.OneKind && strings.HasPrefix(a.Name, g.Runtime+" ") && strings.HasSuffix(a.Name, " "+g.Kind)
			})
		case alert.Failure, alert.Refuted, alert.Output:
			return cases[a.Key].Status != ""
		case alert.Timing:
			if a.Regression && a.ChangeCI != nil && total[a.Key] <= a.ChangeCI.Value/2 && a.ChangeCI.Value < 0 {
				return false
			}
		}
		return done[a.Key]
	}
}

// Pending are the alerts about a machine that no delivery has brought yet.
func Pending(ctx context.Context, st *store.Store, machine string) ([]alert.Alert, error) {
	memory, err := alert.Recall(ctx, st, machine)
	if err != nil {
		return nil, err
	}
	return memory.Pending, nil
}

// Delivered notes that alerts were delivered.
func Delivered(ctx context.Context, st *store.Store, machine string, alerts []alert.Alert) error {
	memory, err := alert.Recall(ctx, st, machine)
	if err != nil {
		return err
	}
	memory.Delivered(alerts)
	return memory.Keep(ctx, st, machine)
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
