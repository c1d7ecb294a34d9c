package kept

import (
	"context"
	"errors"
	"flag"
	"time"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/archive"
	"assay/harness/failure"
	"assay/results/store"
	"assay/results/trend"
)

const trendHelp = `
Reads the history of every case of one machine and says at which night it
changed, by how much, and what else changed between that night and the one
before: library versions, the operating system, power. A level must last five
nights to be one; 'assay nightly' finds sooner what is larger.

examples:
  assay trend
  assay trend --since 2026-01-01 --case decode
  assay trend --json > history.json
`

// Trend is the command of that name.
func Trend() line.Command {
	return line.Command{
		Name: "trend", Does: "the history of each case, and where it changed", Help: trendHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := newTrendFlags(fs)
			return o.run
		},
	}
}

type trendFlags struct {
	store                       *string
	machine, since, until, only string
	smallest                    float64
	last                        int
	all, asJSON                 bool
}

func newTrendFlags(fs *flag.FlagSet) *trendFlags {
	o := &trendFlags{store: line.StoreFlag(fs)}
	fs.StringVar(&o.machine, "machine", "", "`name` of the machine (default: the only one)")
	fs.StringVar(&o.since, "since", "", "first `day`, as 2026-01-31")
	fs.StringVar(&o.until, "until", "", "last `day`, as 2026-01-31")
	fs.IntVar(&o.last, "last", 0, "the newest `runs` only; 0 is all")
	fs.StringVar(&o.only, "case", "", "print only cases whose key contains this `text`")
	fs.Float64Var(&o.smallest, "smallest", 1, "smallest change that counts, in `percent`")
	fs.BoolVar(&o.all, "all", false, "also print cases that never changed")
	fs.BoolVar(&o.asJSON, "json", false, "print the histories as JSON")
	return o
}

func (o *trendFlags) filter(args []string) (store.Filter, error) {
	f := store.Filter{Machine: o.machine, Last: o.last}
	switch {
	case len(args) > 0:
		return f, line.Usagef("trend takes no arguments, not %q; --case selects cases", args)
	case o.smallest <= 0:
		return f, line.Usagef("--smallest %g must be more than 0", o.smallest)
	case o.last < 0:
		return f, line.Usagef("--last %d cannot be negative", o.last)
	}
	var err error
	if o.since != "" {
		if f.Since, err = time.ParseInLocation(time.DateOnly, o.since, time.Local); err != nil {
			return f, line.Usagef("--since %q is not a day such as 2026-01-31", o.since)
		}
	}
	if o.until != "" {
		if f.Until, err = time.ParseInLocation(time.DateOnly, o.until, time.Local); err != nil {
			return f, line.Usagef("--until %q is not a day such as 2026-01-31", o.until)
		}
		f.Until = f.Until.AddDate(0, 0, 1)
	}
	return f, nil
}

func (o *trendFlags) run(ctx context.Context, s line.Streams, args []string) error {
	f, err := o.filter(args)
	if err != nil {
		return err
	}
	db, err := archive.Read(ctx, *o.store)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.CheckFilter(ctx, f); err != nil {
		return failure.Input(err)
	}
	t, err := trend.Analyse(db.History(ctx, f), trend.Options{Smallest: o.smallest / 100})
	var several *trend.Machines
	if errors.As(err, &several) {
		return line.Usagef("%w with --machine", err)
	}
	if err != nil {
		return err
	}
	if t.Keep(o.only); len(t.Cases) == 0 {
		return line.Usagef("no case's key contains %q; 'assay trend --all' lists them", o.only)
	}
	if o.asJSON {
		return show.JSON(s.Out, t)
	}
	show.Trend(s.Out, t, o.all)
	return nil
}
