package night

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/store"
)

// Replayed is one run judged as if it had been a night.
type Replayed struct {
	Run     string `json:"run"`
	Machine string `json:"machine"`
	Cases   int    `json:"cases"`
	// First is set where there was nothing to judge it against.
	First bool `json:"first"`
	// NotJudged says why else it was not judged.
	NotJudged string `json:"not_judged,omitempty"`
	// Alerts are the night's with their states; Diff is what they were made of.
	Alerts []alert.Alert `json:"alerts"`
	Diff   *diff.Diff    `json:"diff,omitempty"`
}

// Replay judges runs in the order in which they were measured as if they were nights,
// and says what would have been said: each against those before it, with what was
// said of them in mind. Nothing is stored.
func Replay(ctx context.Context, runs []results.Run, opt diff.Options) (nights []Replayed, err error) {
	st, err := store.Scratch(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	runs = slices.DeleteFunc(slices.Clone(runs), func(r results.Run) bool { return len(r.Records) == 0 })
	slices.SortStableFunc(runs, func(a, b results.Run) int { return began(a).Compare(began(b)) })
	for _, run := range runs {
		if _, err := st.Import(ctx, run); err != nil {
			return nights, fmt.Errorf("replay: %w", err)
		}
		n, err := replay(ctx, st, run, opt)
		if err != nil {
			return nights, fmt.Errorf("replay run %s: %w", run.ID, err)
		}
		nights = append(nights, n)
	}
	return nights, nil
}

func replay(ctx context.Context, st *store.Store, run results.Run, opt diff.Options) (Replayed, error) {
	n := Replayed{Run: run.ID, Machine: run.Records[0].Host.Machine(), Cases: len(run.Records), Alerts: []alert.Alert{}}
	verdict, err := Judge(ctx, st, run, Options{Diff: opt, Now: began(run)})
	var incomparable *diff.IncomparableError
	switch {
	case errors.Is(err, ErrFirst):
		n.First, n.Alerts = true, verdict.Alerts
	case errors.As(err, &incomparable):
		n.NotJudged = incomparable.Error()
	case err != nil:
		return n, err
	default:
		n.Alerts, n.Diff = verdict.Alerts, &verdict.Diff
	}
	_, err = Adopt(ctx, st, run, began(run))
	return n, err
}
