package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"assay/cmd/assay/kept"
	"assay/cmd/assay/line"
	"assay/cmd/assay/live"
	"assay/cmd/assay/show"
	"assay/harness/archive"
	"assay/harness/failure"
	"assay/harness/home"
	"assay/harness/nightly"
	"assay/harness/run"
	"assay/harness/suite"
	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
)

const nightlyHelp = `
What launchd, cron or a CI runner calls. It looks whether the machine is fit,
runs the suite (the built-in one if none is named) or goes on with a run that
was interrupted in the last 26 hours, judges it against the baseline and the
nights before, tells what is new, writes a report, and removes old files.

A regression is announced once, reminded of weekly, and its recovery announced;
'assay diff baseline latest --accept --why "..."' declares a change to be meant.
The first night on a fit machine is the baseline. What an unfit machine
measured is stored and not judged for speed. Two nights never run at once.

Exit status: 4 when a regression is announced, or a prediction was refuted; 1
when a case failed, the night could not be judged, or another one is running.
scripts/nightly has what launchd and GitHub Actions need.

examples:
  assay nightly
  assay nightly suite.yaml --webhook https://hooks.slack.com/services/...
  assay nightly --github --junit night.xml --markdown "$GITHUB_STEP_SUMMARY"
  assay nightly --replay                    what all stored runs would have said
  assay nightly --replay sessions.csv --smallest 5
`

func nightlyCommand() line.Command {
	return line.Command{
		Name: "nightly", Args: "[SUITE.yaml | --replay RUN...]", Does: "one unattended night: run, judge, alert, report", Help: nightlyHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := newNightlyFlags(fs)
			return o.run
		},
	}
}

type nightlyFlags struct {
	store                                       *string
	suite, out, webhook, junit, markdown, site  string
	runtimes, across                            *line.List[string]
	keep                                        int
	smallest                                    float64
	canary, force, fresh, github, asJSON, again bool
}

func newNightlyFlags(fs *flag.FlagSet) *nightlyFlags {
	o := &nightlyFlags{store: line.StoreFlag(fs), runtimes: line.Words(), across: line.Words()}
	fs.StringVar(&o.suite, "suite", "", "suite `file`, in place of the argument (default: the built-in suite)")
	fs.Var(o.runtimes, "runtime", "`runtimes` to use (default: every one that is found)")
	fs.StringVar(&o.out, "out", "", "`folder` for the reports (default: in assay's data folder)")
	fs.StringVar(&o.webhook, "webhook", "", "post what is announced to this `URL`, or @FILE with it (default: $ASSAY_WEBHOOK)")
	fs.IntVar(&o.keep, "keep", 30, "`nights` whose files are kept, 0 for all; the store keeps every record")
	fs.Var(o.across, "across", "`aspects` that may differ from the baseline: chip, power, version, all (default version)")
	fs.BoolVar(&o.canary, "canary", true, "time a short fixed case between the others; =false leaves it out")
	fs.BoolVar(&o.fresh, "fresh", false, "begin anew where a run was interrupted")
	fs.BoolVar(&o.force, "force", false, "run models that would not fit in memory")
	fs.BoolVar(&o.github, "github", false, "print what is announced as GitHub annotations")
	fs.StringVar(&o.junit, "junit", "", "also write what is announced to this `file` as JUnit XML")
	fs.StringVar(&o.markdown, "markdown", "", "also write the night to this `file` as Markdown")
	fs.StringVar(&o.site, "site", "", "also write the site of all nights into this `folder`, as 'assay site' does")
	fs.BoolVar(&o.asJSON, "json", false, "print the night as JSON")
	fs.BoolVar(&o.again, "replay", false, "measure nothing: judge all stored runs, or those named, as if they were nights")
	fs.Float64Var(&o.smallest, "smallest", 3, "with --replay: smallest change of a timing that counts, in `percent`")
	return o
}

func (o *nightlyFlags) check(args []string) error {
	switch {
	case o.smallest <= 0:
		return line.Usagef("--smallest %g must be more than 0", o.smallest)
	case o.again:
		return nil
	case len(args) > 1:
		return line.Usagef("one suite at a time, not %q", args)
	case len(args) == 1 && o.suite != "":
		return line.Usagef("name the suite once: %q or --suite %q", args[0], o.suite)
	case o.keep < 0:
		return line.Usagef("--keep %d cannot be negative", o.keep)
	case o.github && o.asJSON:
		return line.Usagef("--github and --json both write to standard output; choose one")
	}
	return nil
}

func (o *nightlyFlags) run(ctx context.Context, s line.Streams, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	if o.again {
		return o.replay(ctx, s, args)
	}
	if len(args) == 1 {
		o.suite = args[0]
	}
	if line.IsModel(o.suite) {
		return line.Usagef("%[1]s is a model, and nightly runs a suite: put \"cases: [{models: ['%[1]s'], kinds: [prefill, decode]}]\" into a "+
			"file and name that", o.suite)
	}
	opt, err := o.options(s)
	if err != nil {
		return err
	}
	night, err := nightly.Run(ctx, opt)
	if errors.Is(err, context.Canceled) && night.Run != "" {
		return fmt.Errorf("%w; the next 'assay nightly' goes on with run %s", err, night.Run)
	}
	if err != nil {
		return err
	}
	if err := o.tell(s, night); err != nil {
		return err
	}
	if o.site != "" {
		if err := kept.WriteSite(ctx, s, *o.store, o.site, archive.SiteOptions{Reports: kept.SiteReports}); err != nil {
			return err
		}
	}
	return nightVerdict(night)
}

func (o *nightlyFlags) options(s line.Streams) (nightly.Options, error) {
	hook, err := kept.Webhook(o.webhook)
	if err != nil {
		return nightly.Options{}, err
	}
	progress := live.NewProgress(s.Drawing(), s.Err)
	opt := nightly.Options{
		Keep: o.keep, Fresh: o.fresh, Reports: o.out, Across: []diff.Aspect{diff.Version}, Webhook: hook,
		Step:  func(what string) { fmt.Fprintf(s.Err, "%s\n", what) },
		Bench: run.Options{Runtimes: o.runtimes.Values, Force: o.force, Store: *o.store, Planned: progress.Planned, Progress: progress.Step},
	}
	if opt.Home, err = home.Find(); err != nil {
		return opt, err
	}
	if opt.Reports == "" {
		opt.Reports = opt.Home.Reports()
	}
	if len(o.across.Values) > 0 {
		if opt.Across, err = diff.ParseAspects(o.across.Values); err != nil {
			return opt, failure.Input(err)
		}
	}
	if o.canary {
		canary, err := suite.Canary()
		if err != nil {
			return opt, err
		}
		opt.Bench.Canary = &canary
	}
	if o.suite == "" {
		opt.Suite, err = suite.Builtin()
	} else {
		opt.Suite, err = suite.Read(o.suite)
	}
	return opt, err
}

// tell prints the night, and writes it in the other forms that were asked for.
func (o *nightlyFlags) tell(s line.Streams, n nightly.Night) error {
	loud := alert.Loud(n.Alerts)
	var err error
	switch {
	case o.asJSON:
		err = show.JSON(s.Out, n)
	case o.github:
		err = errors.Join(n.WriteText(s.Err), alert.WriteGitHub(s.Out, loud))
	default:
		err = n.WriteText(s.Out)
	}
	for _, name := range n.Files {
		fmt.Fprintf(s.Err, "wrote %s\n", name)
	}
	return errors.Join(err,
		line.WriteFile(o.junit, func(w io.Writer) error { return alert.WriteJUnit(w, loud) }),
		line.WriteFile(o.markdown, n.WriteMarkdown))
}

// nightVerdict is the night's exit status: what is announced comes first.
func nightVerdict(n nightly.Night) error {
	switch {
	case n.Regressed():
		return line.Refuted(errors.New("something regressed or changed; see the alerts"))
	case n.NotJudged != "":
		return fmt.Errorf("run %s was not judged: %s", n.Run, n.NotJudged)
	}
	return line.AmountsTo(results.Tally{Cases: n.Cases, Failed: n.Failed, Refuted: n.Refuted})
}
