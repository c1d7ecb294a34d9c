package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/archive"
	"assay/results/figure"
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

func trendCommand() command {
	return command{
		name: "trend", does: "the history of each case, and where it changed", help: trendHelp,
		setup: func(fs *flag.FlagSet) action {
			o := newTrendFlags(fs)
			return o.run
		},
	}
}

type trendFlags struct {
	store, machine, since, until, only string
	smallest                           float64
	last                               int
	all, asJSON                        bool
}

func newTrendFlags(fs *flag.FlagSet) *trendFlags {
	o := &trendFlags{}
	fs.StringVar(&o.store, "store", "", "`file` or postgres:// DSN of the store (default: in assay's data folder)")
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
		return f, usagef("trend takes no arguments, not %q; --case selects cases", args)
	case o.smallest <= 0:
		return f, usagef("--smallest %g must be more than 0", o.smallest)
	case o.last < 0:
		return f, usagef("--last %d cannot be negative", o.last)
	}
	var err error
	if o.since != "" {
		if f.Since, err = time.ParseInLocation(time.DateOnly, o.since, time.Local); err != nil {
			return f, usagef("--since %q is not a day such as 2026-01-31", o.since)
		}
	}
	if o.until != "" {
		if f.Until, err = time.ParseInLocation(time.DateOnly, o.until, time.Local); err != nil {
			return f, usagef("--until %q is not a day such as 2026-01-31", o.until)
		}
		f.Until = f.Until.AddDate(0, 0, 1)
	}
	return f, nil
}

func (o *trendFlags) run(ctx context.Context, s streams, args []string) error {
	f, err := o.filter(args)
	if err != nil {
		return err
	}
	db, err := archive.Read(ctx, o.store)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.CheckFilter(ctx, f); err != nil {
		return usageError{err}
	}
	t, err := trend.Analyse(db.History(ctx, f), trend.Options{Smallest: o.smallest / 100})
	var several *trend.Machines
	if errors.As(err, &several) {
		return usagef("%w with --machine", err)
	}
	if err != nil {
		return err
	}
	if t.Keep(o.only); len(t.Cases) == 0 {
		return usagef("no case's key contains %q; 'assay trend --all' lists them", o.only)
	}
	if o.asJSON {
		return printJSON(s.out, t)
	}
	printTrend(s.out, t, o.all)
	return nil
}

func printTrend(w io.Writer, t trend.Trend, all bool) {
	fmt.Fprintf(w, "%d cases over %d nights\n", len(t.Cases), len(t.Nights))
	for _, warning := range t.Warnings {
		fmt.Fprintf(w, "warning: %s\n", safe(warning))
	}
	if len(t.Nights) == 0 {
		return // nothing was judged
	}
	printChanges(w, "all timed cases together", t.Common)
	still := 0
	for _, c := range t.Cases {
		if len(c.Changes) == 0 && !all {
			still++
			continue
		}
		printChanges(w, safe(string(c.Key)), c.Changes)
		if len(c.Changes) == 0 {
			fmt.Fprintf(w, "\n%s\n  no change in %d nights\n", safe(string(c.Key)), len(c.Points))
		}
	}
	if still > 0 {
		fmt.Fprintf(w, "\n%d cases did not change.\n", still)
	}
}

func printChanges(w io.Writer, what string, changes []trend.Change) {
	if len(changes) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", what)
	t := newTable(w, table.Row{"night", "figure", "change", "95 % interval", "what else changed"}, "change", "95 % interval")
	for _, c := range changes {
		var also []string
		for _, d := range c.Between {
			also = append(also, fmt.Sprintf("%s %s → %s", d.What, clip(safe(d.Before), 14), clip(safe(d.After), 14)))
		}
		t.AppendRow(table.Row{
			c.First.Time.Local().Format(time.DateOnly), c.Figure, figure.Change(c.Change.Value),
			between(c.Change), orDash(strings.Join(also, "\n")),
		})
	}
	t.Render()
}
