package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/cmd/assay/line"
	"assay/cmd/assay/live"
	"assay/harness/calibrate"
	"assay/harness/run"
	"assay/harness/suite"
	"assay/results"
	"assay/results/figure"
)

const runHelp = `
examples:
  assay run
  assay run -m model.gguf -p 512 -n 128 -d 0,4096 -fa 0,1
  assay run -m preset:gemma-3-12b --kind kv -c 4096,32768 --swa-full=0,1
  assay run -m model.gguf --release b8390,v0.5.0
  assay run nightly.yaml --out tonight.jsonl

Without a suite the built-in one runs: four architectures as KV-faithful
skeletons, and one small model in its full shape for speed. With -m the flags
make the suite; they bear llama.cpp's names, and each takes a comma-separated
list or a range (128-512*2). A command line of llama-bench or
mlx_lm.benchmark can be pasted behind 'assay run': what is not had here is
answered with what to write.

A model is a .gguf, a Hugging Face folder, preset:NAME, hf:ORG/NAME[:QUANT] or
ollama:NAME; 'assay models' lists those that are here. One that is only known
by its facts runs as a skeleton.

A case that gives no sign of life for 10 minutes (a suite's 'timeout') is
ended and has failed; the run goes on. 'assay run --resume' goes on with a run
that was interrupted.
`

func runCommand() line.Command {
	return line.Command{
		Name: "run", Args: "[SUITE.yaml]",
		Does: "measures, compares with predictions, stores and prints",
		Help: runHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := newRunFlags(fs)
			return func(ctx context.Context, s line.Streams, args []string) error {
				if err := o.check(fs, args); err != nil {
					return err
				}
				return o.run(ctx, s, args)
			}
		},
	}
}

// runFlags are the flags of run.
type runFlags struct {
	models, kinds, types, runtimes, rules            *line.List[string]
	settings                                         line.SettingLists
	pg                                               line.Pairs
	reps, rounds                                     int
	store                                            *string
	skeleton, out, resumeID                          string
	format, errFormat                                string
	resume, force, json, noStore, calibrate, experts bool
}

func newRunFlags(fs *flag.FlagSet) *runFlags {
	o := &runFlags{
		store: line.StoreFlag(fs), models: line.Words(), types: line.Words(), runtimes: line.Words(), rules: line.Words(),
		settings: line.NewSettingLists(fs),
		kinds:    line.OneOf(map[string]string{"kv": "kv", "prefill": "prefill", "decode": "decode", "plan": "plan"}),
	}
	for _, name := range []string{"m", "model"} {
		fs.Var(o.models, name, "`models` to run instead of a suite")
	}
	line.DeclareForeign(fs, o.models)
	fs.Var(&o.pg, "pg", "`prompt,tokens` timed together; may be repeated")
	fs.Var(o.runtimes, "runtime", "`runtimes` to use (default: every one that is found)")
	fs.Var(o.kinds, "kind", "`kinds` of case: kv, prefill, decode, plan (default prefill,decode)")
	fs.Var(o.types, "weight-type", "`types` of a skeleton's weights (default f16)")
	fs.Var(o.rules, "rules", "rule `sets` to judge beside the exact one and to show: their names, all or none (default: all are judged, "+
		"none is shown)")
	fs.StringVar(&o.skeleton, "skeleton", "", "`kind` of skeleton: kv or full (default: by the kind of case)")
	for _, name := range []string{"r", "repetitions", "num-trials"} {
		fs.IntVar(&o.reps, name, 10, "`samples` of a timed case, over all rounds")
	}
	fs.Var(o.settings["n_gen"], "g", "mlx_lm.benchmark's name of -n")
	fs.IntVar(&o.rounds, "rounds", 2, "rounds over all timed cases, each in fresh processes")
	fs.StringVar(&o.out, "out", "", "also write the records to this `file`, anew, as JSON Lines; - is standard output")
	fs.BoolVar(&o.noStore, "no-store", false, "write no store")
	fs.BoolVar(&o.resume, "resume", false, "go on with the newest interrupted run")
	fs.StringVar(&o.resumeID, "resume-run", "", "go on with the interrupted run of this `id`")
	fs.BoolVar(&o.calibrate, "calibrate", false, "measure what 'assay fit' needs: cases chosen for this machine, within five minutes")
	fs.BoolVar(&o.experts, "experts", false, "with --calibrate: mixtures of experts, too")
	fs.BoolVar(&o.force, "force", false, "run models that would not fit in memory")
	for _, name := range []string{"o", "output"} {
		fs.StringVar(&o.format, name, "", "llama-bench's `format` in place of the table: md, csv, json, jsonl or sql")
	}
	for _, name := range []string{"oe", "output-err"} {
		fs.StringVar(&o.errFormat, name, "", "the same `format` on standard error, beside the table")
	}
	fs.BoolVar(&o.json, "json", false, "print the records as JSON instead of tables")
	return o
}

// outputFormats are llama-bench's.
var outputFormats = []string{"csv", "json", "jsonl", "md", "sql"}

// suiteFlags go with every suite; the others make the cases of -m.
var suiteFlags = []string{
	"m", "runtime", "rules", "out", "store", "no-store", "resume", "resume-run", "calibrate", "experts", "force", "json",
	"o", "output", "oe", "output-err", "model", "hf", "hfr", "hf-repo", "progress", "offline",
}

// caseFlag names a flag that was given and makes cases, or is empty.
func caseFlag(fs *flag.FlagSet) (name string) {
	fs.Visit(func(f *flag.Flag) {
		if !slices.Contains(suiteFlags, f.Name) {
			name = f.Name
		}
	})
	return name
}

// check refuses combinations that mean nothing, before any work starts.
func (o *runFlags) check(fs *flag.FlagSet, args []string) error {
	switch stray := caseFlag(fs); {
	case len(args) == 1 && line.IsModel(args[0]):
		return line.Usagef("%s is a model and no suite; write -m %s", args[0], args[0])
	case stray != "" && len(o.models.Values) == 0 && !o.calibrate:
		return line.Usagef("%s shapes the cases of -m MODEL; a suite states its own. Add -m MODEL; 'assay models' lists those that are here",
			results.Dashed(stray))
	case len(args) > 1:
		return line.Usagef("one suite at a time, not %q", args)
	case o.calibrate && (len(args) == 1 || len(o.models.Values) > 0 || o.resume || o.resumeID != ""):
		return line.Usagef("--calibrate chooses the cases itself; leave out the suite, -m and --resume")
	case o.experts && !o.calibrate:
		return line.Usagef("--experts belongs to --calibrate")
	case len(args) == 1 && len(o.models.Values) > 0:
		return line.Usagef("a suite (%s) and -m cannot go together", args[0])
	case (o.resume || o.resumeID != "") && (len(args) == 1 || len(o.models.Values) > 0):
		return line.Usagef("--resume goes on with the suite it began with; leave out the suite and -m")
	case o.reps < 1 || o.rounds < 1:
		return line.Usagef("-r %d and --rounds %d must be at least 1", o.reps, o.rounds)
	case o.rounds > 2 && o.rounds > o.reps:
		return line.Usagef("%d rounds need -r %d or more, a sample each", o.rounds, o.rounds)
	case o.format != "" && !slices.Contains(outputFormats, o.format), o.errFormat != "" && !slices.Contains(outputFormats, o.errFormat):
		return line.Usagef("-o %s: one of %s, as llama-bench has them", cmp.Or(o.format, o.errFormat), strings.Join(outputFormats, ", "))
	case o.format != "" && (o.json || o.out == "-"):
		return line.Usagef("-o %s and %s both write to standard output; choose one", o.format,
			map[bool]string{true: "--json", false: "--out -"}[o.json])
	case o.json && o.out == "-":
		return line.Usagef("--json and --out - both write to standard output; choose one")
	}
	return nil
}

// suite is the suite that the flags make, the named one, or the built-in one.
func (o *runFlags) suite(ctx context.Context, s line.Streams, args []string) (suite.Suite, error) {
	if o.calibrate {
		return o.calibration(ctx, s)
	}
	if len(args) == 1 {
		return suite.Read(args[0])
	}
	if len(o.models.Values) == 0 {
		return suite.Builtin()
	}
	kinds := o.kinds.Values
	if len(kinds) == 0 {
		kinds = []string{"prefill", "decode"}
	}
	return suite.AdHoc(o.group(), kinds, o.reps, o.rounds)
}

// calibration designs the cases that a fit of this machine needs.
func (o *runFlags) calibration(ctx context.Context, s line.Streams) (suite.Suite, error) {
	opt := calibrate.Options{WeightTypes: o.types.Values, Settings: o.settings.Given(), Experts: o.experts}
	if len(o.runtimes.Values) > 0 {
		opt.Runtime = o.runtimes.Values[0]
	}
	suite, plan, err := calibrate.Suite(ctx, opt)
	if err == nil {
		fmt.Fprintf(s.Err, "calibration: %s, about %v\n", figure.Several(len(plan.Chosen), "case"), plan.Expected.Round(time.Second))
	}
	return suite, err
}

// isBuiltin reports whether the flags ask for the built-in suite.
func (o *runFlags) isBuiltin(args []string) bool {
	return len(args) == 0 && len(o.models.Values) == 0 && !o.calibrate && !o.resume && o.resumeID == ""
}

// judged are the rule sets to judge; every one is judged where none is named.
func (o *runFlags) judged() []string {
	if slices.Equal(o.rules.Values, []string{"all"}) {
		return nil
	}
	return o.rules.Values
}

func (o *runFlags) group() suite.CaseGroup {
	return suite.CaseGroup{
		Models: o.models.Values, Runtimes: o.runtimes.Values, Skeleton: o.skeleton, WeightTypes: o.types.Values,
		PG: o.pg.Values, Settings: o.settings.Given(),
	}
}

func (o *runFlags) run(ctx context.Context, s line.Streams, args []string) error {
	suite, err := o.suite(ctx, s, args)
	if err != nil {
		return err
	}
	o.settings.NoteFollowers(s.Err)
	p := &live.Run{
		Out: s.Out, Err: s.Err, Progress: live.NewProgress(s.Drawing(), s.Err), Coloured: s.Coloured(),
		JSON: o.json, Format: o.format, ErrFormat: o.errFormat, Rules: len(o.rules.Values) > 0, Builtin: o.isBuiltin(args),
	}
	opt := run.Options{
		Runtimes: o.runtimes.Values, Rules: o.judged(), Force: o.force,
		Out: o.out, Stdout: s.Out, Store: *o.store, NoStore: o.noStore,
		Planned: p.Planned, Progress: p.Step, Record: p.Record, Partial: p.Partial,
	}
	id, resume := o.resumeID, o.resume || o.resumeID != ""
	if resume {
		if opt, id, err = run.Continue(opt, id); err != nil {
			return err
		}
	}
	bench, err := run.New(ctx, opt.For(suite))
	if err != nil {
		return err
	}
	p.Found(bench)
	if resume {
		err = bench.Resume(ctx, id)
	} else {
		err = bench.Run(ctx, suite)
	}
	printErr := p.Finish()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%w; 'assay run --resume' goes on with run %s", err, bench.RunID)
	}
	if err = errors.Join(err, printErr); err != nil {
		return err
	}
	return line.Verdict(p.Taken)
}
