package kept

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/archive"
	"assay/harness/failure"
	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/figure"
	"assay/results/night"
	"assay/results/store"
)

const diffHelp = `
BASE and HEAD are run ids, the beginning of one, latest, latest~1, baseline, a
day, or files; RUN@RELEASE is what a run measured in one of several releases.
Bytes, operations and layouts are compared for equality. Timings are judged by
runtime and kind of case, and within them by model and case: a change is
reported when it is at least 3 %, and so sure that of a hundred comparisons of
unchanged runs one would report anything. Changes are of tokens/s; 'net' is what
is left without what the session did to all cases of the kind, 'finds' the
smallest loss that would have been found in the case alone.

What else differs is said, versions first. Runs on different chips are refused
without --across chip. Exit status 4 means that something regressed.

examples:
  assay diff baseline latest
  assay diff latest~1 latest
  assay diff latest@b8390 latest@v0.5.0
  assay diff old.jsonl new.jsonl --format markdown
  assay diff baseline latest --accept --why "flash attention is the default"
`

// Diff is the command of that name.
func Diff() line.Command {
	return line.Command{
		Name: "diff", Args: "BASE HEAD", Does: "says what moved between two runs, and which of it is real", Help: diffHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := newDiffFlags(fs)
			return o.run
		},
	}
}

type diffFlags struct {
	store                     *string
	format, who, why, webhook string
	across, keys              *line.List[string]
	smallest                  float64
	accept, asJSON            bool
}

func newDiffFlags(fs *flag.FlagSet) *diffFlags {
	o := &diffFlags{store: line.StoreFlag(fs), across: line.Words(), keys: line.Words()}
	fs.Float64Var(&o.smallest, "smallest", 3, "smallest change of a timing that counts, in `percent`")
	fs.Var(o.across, "across", "`aspects` that may differ: chip, all (power and versions always may)")
	fs.StringVar(&o.format, "format", "table", "`table`, markdown, json, github or junit; all but table print only what moved")
	fs.BoolVar(&o.asJSON, "json", false, "print the whole comparison as JSON")
	fs.BoolVar(&o.accept, "accept", false, "what moved is meant: HEAD is the baseline from now on")
	fs.Var(o.keys, "case", "accept only the cases whose `key` contains one of these")
	fs.StringVar(&o.who, "who", "", "who accepts (default: the user)")
	fs.StringVar(&o.why, "why", "", "why it is accepted; needed with --accept")
	fs.StringVar(&o.webhook, "webhook", "", "also post what moved to this `URL`, as Slack takes it, or @FILE with it")
	return o
}

func (o *diffFlags) check(args []string) ([]diff.Aspect, error) {
	formats := append([]string{"table"}, alert.Formats()...)
	switch {
	case len(args) != 2:
		return nil, line.Usagef("diff takes BASE and HEAD, not %s; write 'assay diff latest~1 latest' or 'assay diff baseline latest'",
			figure.Several(len(args), "argument"))
	case o.smallest <= 0:
		return nil, line.Usagef("--smallest %g must be more than 0", o.smallest)
	case !slices.Contains(formats, o.format):
		return nil, line.Usagef("--format %q is none of %s", o.format, strings.Join(formats, ", "))
	case o.accept && o.why == "":
		return nil, line.Usagef("--accept needs --why")
	case !o.accept && (o.why != "" || o.who != "" || len(o.keys.Values) > 0):
		return nil, line.Usagef("--why, --who and --case go with --accept")
	}
	return diff.ParseAspects(o.across.Values)
}

func (o *diffFlags) run(ctx context.Context, s line.Streams, args []string) error {
	across, err := o.check(args)
	if err != nil {
		return failure.Input(err)
	}
	hook := alert.Webhook{}
	if o.webhook != "" {
		if hook, err = Webhook(o.webhook); err != nil {
			return err
		}
	}
	open := archive.Read
	if o.accept { // the store keeps what was accepted
		open = archive.Open
	}
	db, err := open(ctx, *o.store)
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
		if err := hook.Post(ctx, alerts); err != nil {
			fmt.Fprintf(s.Err, "assay diff: %v\n", err)
		}
	}
	if o.accept {
		return o.acceptHead(ctx, s, db, d, runs[1])
	}
	if d.Regressed() {
		return line.Refuted(fmt.Errorf("%d of %d cases regressed or changed", d.Moved(), len(d.Cases)))
	}
	return nil
}

func (o *diffFlags) acceptHead(ctx context.Context, s line.Streams, db *store.Store, d diff.Diff, head results.Run) error {
	keys, err := d.Select(o.keys.Values)
	if err != nil {
		return failure.Input(err)
	}
	done, err := night.Accept(ctx, db, head, night.Acceptance{Keys: keys, Who: o.by(), Why: o.why, Time: time.Now().UTC()})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "accepted: the baseline is run %s; %d open alerts closed\n", head.ID, len(done))
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

func (o *diffFlags) print(s line.Streams, d diff.Diff, alerts []alert.Alert) error {
	switch {
	case o.asJSON:
		return show.JSON(s.Out, d)
	case o.format == "table":
		show.Diff(s.Out, d, alerts)
		return nil
	}
	return alert.Write(s.Out, o.format, alerts)
}
