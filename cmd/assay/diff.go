package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/archive"
	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/figure"
	"assay/results/night"
	"assay/results/store"
)

const diffHelp = `
BASE and HEAD are run ids, the beginning of one, latest, latest~1, baseline, a
day, or files. Bytes, operations and layouts are compared for equality. Timings
are judged by runtime and kind of case, and within them by model and case: a
change is reported when it is at least 3 %, and so sure that of a hundred
comparisons of unchanged runs one would report anything. Changes are of
tokens/s; 'net' is what is left without what the session did to all cases of
the kind, 'finds' the smallest loss that would have been found in the case
alone.

What else differs is said, versions first. Runs on different chips are refused
without --across chip. Exit status 4 means that something regressed.

examples:
  assay diff baseline latest
  assay diff latest~1 latest
  assay diff old.jsonl new.jsonl --format markdown
  assay diff baseline latest --accept --why "flash attention is the default"
`

func diffCommand() command {
	return command{
		name: "diff", args: "BASE HEAD", does: "says what moved between two runs, and which of it is real", help: diffHelp,
		setup: func(fs *flag.FlagSet) action {
			o := newDiffFlags(fs)
			return o.run
		},
	}
}

type diffFlags struct {
	store, format, who, why, webhook string
	across, keys                     *list[string]
	smallest                         float64
	accept, asJSON                   bool
}

func newDiffFlags(fs *flag.FlagSet) *diffFlags {
	o := &diffFlags{across: words(), keys: words()}
	fs.StringVar(&o.store, "store", "", "`file` or postgres:// DSN of the store (default: in assay's data folder)")
	fs.Float64Var(&o.smallest, "smallest", 3, "smallest change of a timing that counts, in `percent`")
	fs.Var(o.across, "across", "`aspects` that may differ: chip, all (power and versions always may)")
	fs.StringVar(&o.format, "format", "table", "`table`, markdown, json, github or junit; all but table print only what moved")
	fs.BoolVar(&o.asJSON, "json", false, "print the whole comparison as JSON")
	fs.BoolVar(&o.accept, "accept", false, "what moved is meant: HEAD is the baseline from now on")
	fs.Var(o.keys, "case", "accept only the cases whose `key` contains one of these")
	fs.StringVar(&o.who, "who", "", "who accepts (default: the user)")
	fs.StringVar(&o.why, "why", "", "why it is accepted; needed with --accept")
	fs.StringVar(&o.webhook, "webhook", "", "also post what moved to this `URL`, as Slack takes it")
	return o
}

func (o *diffFlags) check(args []string) ([]diff.Aspect, error) {
	formats := append([]string{"table"}, alert.Formats()...)
	switch {
	case len(args) != 2:
		return nil, usagef("diff takes BASE and HEAD, not %d arguments", len(args))
	case o.smallest <= 0:
		return nil, usagef("--smallest %g must be more than 0", o.smallest)
	case !slices.Contains(formats, o.format):
		return nil, usagef("--format %q is none of %s", o.format, strings.Join(formats, ", "))
	case o.accept && o.why == "":
		return nil, usagef("--accept needs --why")
	case !o.accept && (o.why != "" || o.who != "" || len(o.keys.values) > 0):
		return nil, usagef("--why, --who and --case go with --accept")
	}
	return diff.ParseAspects(o.across.values)
}

func (o *diffFlags) run(ctx context.Context, s streams, args []string) error {
	across, err := o.check(args)
	if err != nil {
		return usageError{err}
	}
	open := archive.Read
	if o.accept { // the store keeps what was accepted
		open = archive.Open
	}
	db, err := open(ctx, o.store)
	if err != nil {
		return err
	}
	defer db.Close()
	runs, err := archive.Select(ctx, db, args)
	if err != nil {
		return err
	}
	d, err := diff.Compare(runs[0], runs[1], diff.Options{Smallest: o.smallest / 100, Across: across})
	if err != nil {
		return err
	}
	alerts := alert.FromDiff(d)
	if err := o.print(s, d, alerts); err != nil {
		return err
	}
	if o.webhook != "" {
		if err := (alert.Webhook{URL: o.webhook}).Post(ctx, alerts); err != nil {
			fmt.Fprintf(s.err, "assay diff: %v\n", err)
		}
	}
	if o.accept {
		return o.acceptHead(ctx, s, db, d, runs[1])
	}
	if d.Regressed() {
		return refutedError{fmt.Errorf("%d of %d cases regressed or changed", d.Moved(), len(d.Cases))}
	}
	return nil
}

func (o *diffFlags) acceptHead(ctx context.Context, s streams, db *store.Store, d diff.Diff, head results.Run) error {
	keys, err := d.Select(o.keys.values)
	if err != nil {
		return usageError{err}
	}
	done, err := night.Accept(ctx, db, head, night.Acceptance{Keys: keys, Who: o.by(), Why: o.why, Time: time.Now().UTC()})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "accepted: the baseline is run %s; %d open alerts closed\n", head.ID, len(done))
	return nil
}

// by is who accepts.
func (o *diffFlags) by() string {
	if o.who != "" {
		return o.who
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return os.Getenv("USER")
}

func (o *diffFlags) print(s streams, d diff.Diff, alerts []alert.Alert) error {
	switch {
	case o.asJSON:
		return printJSON(s.out, d)
	case o.format == "table":
		printDiff(s.out, d, alerts)
		return nil
	}
	return alert.Write(s.out, o.format, alerts)
}

func printDiff(w io.Writer, d diff.Diff, alerts []alert.Alert) {
	fmt.Fprintf(w, "%s (%d cases) against %s (%d cases)\n", safe(d.Head.Run), d.Head.Cases, safe(d.Base.Run), d.Base.Cases)
	for _, warning := range d.Warnings {
		fmt.Fprintf(w, "warning: %s\n", safe(warning))
	}
	for _, x := range d.Differs {
		fmt.Fprintf(w, "also differs: %s, %s, then %s (%d cases)\n", safe(x.What), orDash(safe(clip(x.Base, 24))), orDash(safe(clip(x.Head, 24))), x.Cases)
	}
	for _, a := range alerts {
		fmt.Fprintf(w, "\n%s", alert.Text(a))
	}
	printTimings(w, d)
	printUnpaired(w, "only in "+safe(d.Base.Run), d.OnlyBase)
	printUnpaired(w, "only in "+safe(d.Head.Run), d.OnlyHead)
	if len(alerts) == 0 && len(d.Cases) > 0 {
		fmt.Fprintf(w, "\nNothing moved in %d cases.\n", len(d.Cases))
	}
}

func printTimings(w io.Writer, d diff.Diff) {
	t := newTable(w, table.Row{"model", "test", "before", "after", "change", "net, 95 %", "finds", ""},
		"before", "after", "change", "net, 95 %", "finds")
	wrapColumn(t, "test", 14)
	rows, apart := 0, keysApart(d.Cases)
	for _, c := range d.Cases {
		if c.Time == nil {
			continue
		}
		rows++
		change, interval, finds := "-", "-", "-"
		if c.Time.Change != nil {
			change = figure.Change(*c.Time.Total)
			interval = between(*c.Time.Change)
			finds = loss(*c.Time.Detectable)
		}
		t.AppendRow(table.Row{clip(safe(c.Model), 20), safe(c.Test + apart[c.Key]), figure.SampleTime(c.Time.BaseNS, c.Tokens), figure.SampleTime(c.Time.HeadNS, c.Tokens), change, interval, finds, c.Time.Verdict})
	}
	if rows > 0 {
		fmt.Fprintln(w)
		t.Render()
	}
	for _, g := range d.Groups {
		fmt.Fprintf(w, "%s.\n", safe(g.String()))
	}
	printNotes(w, d)
}

// loss is one of speed that would have been found.
func loss(x float64) string {
	if x > 0.95 {
		return "nothing"
	}
	return figure.Percent(x)
}

// keysApart are the runtime, where there are several, and the parameters in which
// a case differs from others of the same model and test.
func keysApart(cases []diff.Case) map[results.Key]string {
	runtimes, same, with := map[string]bool{}, map[string]int{}, map[string]int{}
	test := func(c diff.Case) string { return c.Runtime + " " + c.Model + " " + c.Test + " " }
	for _, c := range cases {
		runtimes[c.Runtime] = true
		same[test(c)]++
		for _, word := range c.Key.Words() {
			with[test(c)+word]++
		}
	}
	out := map[results.Key]string{}
	for _, c := range cases {
		if len(runtimes) > 1 {
			out[c.Key] += " " + c.Runtime
		}
		for _, word := range c.Key.Words() {
			if with[test(c)+word] < same[test(c)] {
				out[c.Key] += " " + word
			}
		}
	}
	return out
}

// printNotes prints each note once, with how many cases it is about.
func printNotes(w io.Writer, d diff.Diff) {
	seen := map[string]int{}
	var order []string
	for _, c := range d.Cases {
		for _, n := range c.Notes {
			if seen[n]++; seen[n] == 1 {
				order = append(order, n)
			}
		}
	}
	for _, n := range order {
		fmt.Fprintf(w, "note (%d cases): %s\n", seen[n], safe(n))
	}
}

// between prints the bounds of a relative change.
func between(i results.Interval) string {
	return figure.Between(i.Lo, i.Hi)
}

func printUnpaired(w io.Writer, what string, keys []results.Key) {
	if len(keys) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", what)
	for _, key := range keys {
		fmt.Fprintf(w, "  %s\n", strings.TrimSpace(safe(string(key))))
	}
}
