package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/bisect"
	"assay/harness/failure"
	"assay/harness/libs"
	"assay/harness/run"
	"assay/harness/suite"
	"assay/native/llama"
)

const bisectHelp = `
Measures a model in a good and a bad release of llama.cpp and then in as few of
those between them as it takes to name the first in which a figure moved. Bytes,
operations and nodes are compared for equality; what comes out with what
rounding explains; times with those of the good release measured just before, by
the rule of 'assay diff'. What is not installed
is fetched as by 'assay libs install'. A release that cannot be measured is
passed by, and named if it lies at the boundary.

A release is named, or is a folder or file of a library of your own; then
--through lists what lies between, in its order.

examples:
  assay bisect preset:qwen2.5-0.5b --good b8390 --bad v0.5.0 -ctk q8_0 -ctv q8_0
  assay bisect model.gguf --good b8390 --bad v0.5.0 --figure time -p 512 -n 32
  assay bisect model.gguf --good v0.5.0 --bad ./mine --through ./mine-1,./mine-2
`

func bisectCommand() line.Command {
	return line.Command{
		Name: "bisect", Args: "MODEL", Does: "the first release in which a figure moved", Help: bisectHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := newBisectFlags(fs)
			return func(ctx context.Context, s line.Streams, args []string) error {
				ref, err := line.OneModel("bisect", args)
				if err != nil {
					return err
				}
				return o.find(ctx, s, ref)
			}
		},
	}
}

type bisectFlags struct {
	settings          line.SettingLists
	kinds, figure     *line.List[string]
	through           *line.List[string]
	good, bad, weight string
	reps              int
	json              bool
}

func newBisectFlags(fs *flag.FlagSet) *bisectFlags {
	o := &bisectFlags{
		settings: line.NewSettingLists(fs), through: line.Words(),
		kinds: line.OneOf(map[string]string{"kv": "kv", "prefill": "prefill", "decode": "decode"}),
	}
	names := map[string]string{}
	for _, f := range bisect.Figures() {
		names[f] = f
	}
	o.figure = line.OneOf(names)
	fs.StringVar(&o.good, "good", "", "the `release` that is as it should be")
	fs.StringVar(&o.bad, "bad", "", "the later `release` that is not")
	fs.Var(o.through, "through", "`releases` or folders between them, in their order (default: all that can be installed)")
	fs.Var(o.figure, "figure", "what to follow: "+strings.Join(bisect.Figures(),
		", ")+" (default: whatever moved, of those without noise if any)")
	fs.Var(o.kinds, "kind", "`kinds` of case: kv, prefill, decode (default prefill,decode)")
	fs.StringVar(&o.weight, "weight-type", "", "`type` of a skeleton's weights (default f16)")
	fs.IntVar(&o.reps, "r", 10, "`samples` of a timed case")
	fs.BoolVar(&o.json, "json", false, "print the steps as JSON")
	return o
}

func (o *bisectFlags) find(ctx context.Context, s line.Streams, ref string) error {
	if o.good == "" || o.bad == "" {
		return line.Usagef("bisect needs --good RELEASE and --bad RELEASE")
	}
	if len(o.figure.Values) > 1 || o.reps < 1 {
		return line.Usagef("one --figure at a time, and -r of at least 1")
	}
	in, err := libs.New(s.Err)
	if err != nil {
		return err
	}
	search := bisect.Search{Options: run.Options{Runtimes: []string{llama.Spec().Product}, Rules: []string{"none"}}}
	if search.Releases, err = bisect.Releases(in, slices.Concat([]string{o.good}, o.through.Values, []string{o.bad})); err != nil {
		return failure.Input(err)
	}
	for i, r := range search.Releases {
		search.Releases[i].Get = func(ctx context.Context) (string, error) {
			fmt.Fprintf(s.Err, "measuring in %s\n", r.Name)
			return r.Get(ctx)
		}
	}
	if len(o.figure.Values) > 0 {
		search.Figure = o.figure.Values[0]
	}
	if search.Suite, err = o.suite(ref, search.Figure); err != nil {
		return err
	}
	search.Tell = func(step bisect.Step) { show.BisectStep(s.Err, step) }
	found, err := bisect.Find(ctx, search)
	if err != nil {
		return err
	}
	if o.json {
		return show.JSON(s.Out, found)
	}
	show.Bisect(s.Out, found)
	return nil
}

// suite has the cases. A figure without noise is the same in each sample.
func (o *bisectFlags) suite(ref, figure string) (suite.Suite, error) {
	g := suite.CaseGroup{Models: []string{ref}, Runtimes: []string{llama.Spec().Product}, Settings: o.settings.Given()}
	if o.weight != "" {
		g.WeightTypes = []string{o.weight}
	}
	kinds, reps, rounds := o.kinds.Values, o.reps, 2
	if len(kinds) == 0 {
		kinds = []string{"prefill", "decode"}
	}
	if figure != "" && figure != bisect.Time {
		reps, rounds = 1, 1
	}
	return suite.AdHoc(g, kinds, reps, rounds)
}
