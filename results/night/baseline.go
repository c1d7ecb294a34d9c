package night

import (
	"context"
	"errors"
	"time"

	"assay/results"
	"assay/results/diff"
	"assay/results/stat"
	"assay/results/store"
)

// ErrFirst is returned for the first run of a machine, or of a suite of other cases
// than its runs before: there is nothing to judge it against.
var ErrFirst = errors.New("the store has no earlier run of this machine and these cases to judge it against")

// baseline is what a machine's cases are judged against.
type baseline struct {
	machine string
	// run has for each case the record that its baseline stands on.
	run   results.Run
	start time.Time
	// since is when the run of each case's baseline began.
	since map[results.Key]time.Time
}

// newBaseline puts together the run that the baseline of all cases stands on
// and those of cases with one of their own. Where none was ever set it is the
// newest fit run before head.
func newBaseline(ctx context.Context, st *store.Store, machine string, head results.Run) (*baseline, error) {
	infos, err := st.Runs(ctx, store.Filter{Machine: machine})
	if err != nil {
		return nil, err
	}
	b := &baseline{machine: machine, start: began(head), since: map[results.Key]time.Time{}}
	starts := map[string]time.Time{}
	base := ""
	for _, info := range infos {
		starts[info.ID] = info.Started
		if info.OK > 0 && info.Unfit == 0 && info.ID != head.ID && info.Started.Before(b.start) {
			base = info.ID
		}
	}
	moves, err := st.Baselines(ctx, machine)
	if err != nil {
		return nil, err
	}
	own := map[results.Key]string{}
	for _, m := range moves {
		key := results.Key(m.Key)
		b.since[key] = starts[m.Run]
		if key == "" {
			base, own = m.Run, map[results.Key]string{}
		} else {
			own[key] = m.Run
		}
	}
	if base == "" {
		return nil, ErrFirst
	}
	return b, b.load(ctx, st, base, own)
}

// load reads the base run, and in place of its records those of the runs that
// single cases stand on.
func (b *baseline) load(ctx context.Context, st *store.Store, base string, own map[results.Key]string) error {
	run, err := st.Run(ctx, base)
	if err != nil {
		return err
	}
	cases := run.ByKey()
	others := map[string]map[results.Key]results.Record{}
	for key, id := range own {
		if others[id] == nil {
			other, err := st.Run(ctx, id)
			if err != nil {
				return err
			}
			others[id] = other.ByKey()
		}
		cases[key] = others[id][key]
	}
	run.Records = run.Records[:0:0]
	for _, rec := range cases {
		run.Records = append(run.Records, rec)
	}
	b.run = run
	return nil
}

// enoughHistory is how many runs are read to find a window of accepted nights
// among them.
const enoughHistory = 4 * stat.WindowNights

func (b *baseline) window(ctx context.Context, st *store.Store, accepted diff.Accepted) (*diff.Window, error) {
	var series []results.Series
	filter := store.Filter{Machine: b.machine, Until: b.start, Last: enoughHistory, Fit: true}
	for s, err := range st.History(ctx, filter) {
		if err != nil {
			return nil, err
		}
		series = append(series, s)
	}
	accepted.Before, accepted.Since = b.start, b.since
	return diff.NewWindow(series, accepted), nil
}

// began is the time of a run's first record.
func began(r results.Run) time.Time {
	first := r.Records[0].Time
	for _, rec := range r.Records[1:] {
		if rec.Time.Before(first) {
			first = rec.Time
		}
	}
	return first
}
