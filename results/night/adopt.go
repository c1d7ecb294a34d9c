package night

import (
	"context"
	"slices"
	"time"

	"assay/results"
	"assay/results/store"
)

// who signs the moves of a baseline that nobody asked for.
const who = "assay nightly"

// Adopt makes a run the baseline of what has none: of all cases on a machine's
// first night, and of single cases on the first night that they are part of. It
// returns how many cases that are. A run with a case of an unfit machine is not
// adopted, and neither is a case that failed or whose checks do not hold.
func Adopt(ctx context.Context, st *store.Store, head results.Run, now time.Time) (int, error) {
	if len(head.Records) == 0 {
		return 0, nil
	}
	ok := 0
	for _, rec := range head.Records {
		if len(rec.Host.Unfit) > 0 {
			return 0, nil
		}
		if sound(rec) {
			ok++
		}
	}
	machine := head.Records[0].Host.Machine()
	have, err := st.Baselines(ctx, machine)
	if err != nil || ok == 0 {
		return 0, err
	}
	move := store.Baseline{Machine: machine, Run: head.ID, Time: now, Who: who}
	if !forAll(have) {
		move.Why = "the first night of this machine"
		return ok, st.MoveBaseline(ctx, move)
	}
	known, err := known(ctx, st, have)
	if err != nil {
		return 0, err
	}
	adopted := 0
	for key, rec := range head.ByKey() {
		if known[key] || !sound(rec) {
			continue
		}
		move.Key, move.Why = string(key), "the first night of this case"
		if err := st.MoveBaseline(ctx, move); err != nil {
			return adopted, err
		}
		adopted++
	}
	return adopted, nil
}

// sound says whether a record can be a baseline.
func sound(rec results.Record) bool {
	refuted := slices.ContainsFunc(rec.Checks, func(c results.Check) bool { return !c.OK })
	return rec.Status == results.StatusOK && !refuted
}

// forAll says whether the baseline of all cases was ever set.
func forAll(moves []store.Baseline) bool {
	for _, m := range moves {
		if m.Key == "" {
			return true
		}
	}
	return false
}

// known are the cases that a baseline stands on: those that succeeded in the
// newest run for all cases, and those with a later move of their own.
func known(ctx context.Context, st *store.Store, moves []store.Baseline) (map[results.Key]bool, error) {
	base := ""
	out := map[results.Key]bool{}
	for _, m := range moves {
		if m.Key == "" {
			base = m.Run
			clear(out)
		} else {
			out[results.Key(m.Key)] = true
		}
	}
	run, err := st.Run(ctx, base)
	if err != nil {
		return nil, err
	}
	for key, rec := range run.ByKey() {
		if rec.Status == results.StatusOK {
			out[key] = true
		}
	}
	return out, nil
}
