package kept

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/archive"
	"assay/harness/failure"
	"assay/harness/speed"
	"assay/predict/machines"
	"assay/predict/roofline"
	"assay/predict/source"
	"assay/results/figure"
	"assay/results/store"
)

const listHelp = `
Lists the runs of the store, newest last, with their tags; or fits of machines,
the chips whose speed is known (--chip), or the presets (-m preset:NAME).

examples:
  assay list
  assay list runs --last 0 --json
  assay list presets
`

// lists are what can be listed, by name; the first is what no name means.
var lists = []struct {
	name string
	list func(context.Context, line.Streams, listFlags) error
}{
	{"runs", listRuns}, {"fits", listFits}, {"chips", listChips}, {"presets", listPresets},
}

type listFlags struct {
	store, machine *string
	last           *int
	asJSON         *bool
}

// List is the command of that name.
func List() line.Command {
	return line.Command{
		Name: "list", Args: "[runs | fits | chips | presets]", Does: "what is kept and known: runs, fits, chips, presets", Help: listHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := listFlags{
				store: line.StoreFlag(fs), machine: fs.String("machine", "", "only runs or fits of the machine of this `name`"),
				last: fs.Int("last", 20, "the newest so `many` runs or fits; 0 is all"), asJSON: fs.Bool("json", false, "print as JSON"),
			}
			return func(ctx context.Context, s line.Streams, args []string) error {
				if *o.last < 0 {
					return line.Usagef("--last %d cannot be negative", *o.last)
				}
				var names []string
				for i, l := range lists {
					if names = append(names, l.name); len(args) == 0 && i == 0 || len(args) == 1 && args[0] == l.name {
						return l.list(ctx, s, o)
					}
				}
				return line.Usagef("list takes one of %s, not %q", strings.Join(names, ", "), args)
			}
		},
	}
}

// listed is a run in a list.
type listed struct {
	Run      string     `json:"run"`
	Tags     []string   `json:"tags,omitempty"`
	Machine  string     `json:"machine"`
	Started  time.Time  `json:"started"`
	Finished *time.Time `json:"finished,omitempty"`
	Suite    string     `json:"suite,omitempty"`
	Imported bool       `json:"imported,omitempty"`
	OK       int        `json:"ok"`
	Failed   int        `json:"failed"`
	Skipped  int        `json:"skipped"`
	Unfit    int        `json:"unfit"`
}

func listRuns(ctx context.Context, s line.Streams, o listFlags) error {
	db, err := archive.Read(ctx, *o.store)
	if err != nil {
		return err
	}
	defer db.Close()
	infos, err := db.Runs(ctx, store.Filter{Machine: *o.machine, Last: *o.last})
	if err != nil {
		return err
	}
	tags, err := db.Tags(ctx)
	if err != nil {
		return err
	}
	runs := []listed{}
	for _, r := range infos {
		one := listed{Run: r.ID, Machine: r.Machine, Started: r.Started, Finished: r.Finished, Suite: r.Suite,
			Imported: r.Imported, OK: r.OK, Failed: r.Failed, Skipped: r.Skipped, Unfit: r.Unfit}
		for _, t := range tags {
			if t.Run == r.ID {
				one.Tags = append(one.Tags, t.Name)
			}
		}
		runs = append(runs, one)
	}
	if *o.asJSON {
		return show.JSON(s.Out, runs)
	}
	if len(runs) == 0 {
		if *o.machine != "" {
			return failure.Input(db.CheckFilter(ctx, store.Filter{Machine: *o.machine}))
		}
		fmt.Fprintf(s.Out, "The store %s has no runs yet; 'assay run' measures one.\n", show.Safe(db.Name()))
		return nil
	}
	t := show.NewTable(s.Out, table.Row{"run", "began", "machine", "cases", "tags"})
	for _, r := range runs {
		t.AppendRow(table.Row{show.Clip(r.Run, 24), r.Started.Local().Format("2006-01-02 15:04"), show.Clip(show.Safe(r.Machine), 18), r.counts(),
			show.Clip(strings.Join(r.Tags, " "), 14)})
	}
	t.Render()
	return nil
}

// counts is how the run's cases ended: "40", "38, 2 failed".
func (r listed) counts() string {
	words := []string{fmt.Sprint(r.OK)}
	for _, more := range []struct {
		n    int
		what string
	}{{r.Failed, "failed"}, {r.Skipped, "skipped"}, {r.Unfit, "unfit"}} {
		if more.n > 0 {
			words = append(words, fmt.Sprintf("%d %s", more.n, more.what))
		}
	}
	if r.Finished == nil {
		words = append(words, "not ended")
	}
	return strings.Join(words, ", ")
}

func listFits(ctx context.Context, s line.Streams, o listFlags) error {
	db, err := archive.Read(ctx, *o.store)
	if err != nil {
		return err
	}
	defer db.Close()
	fits, err := speed.Stored(ctx, db)
	if err != nil {
		return err
	}
	if *o.machine != "" {
		fits = slices.DeleteFunc(fits, func(f roofline.Fit) bool { return f.Machine != *o.machine })
	}
	if *o.last > 0 {
		fits = fits[max(0, len(fits)-*o.last):]
	}
	if *o.asJSON {
		return show.JSON(s.Out, fits)
	}
	if len(fits) == 0 {
		fmt.Fprintln(s.Out, "There is no such fit; 'assay run --calibrate && assay fit' makes one.")
		return nil
	}
	t := show.NewTable(s.Out, table.Row{"fit", "made", "machine", "runtime", "cases", "pp off", "tg off"}, "cases", "pp off", "tg off")
	for _, f := range fits {
		cv := f.CrossValidation()
		t.AppendRow(table.Row{show.Clip(f.ID, 28), f.Time.Local().Format(time.DateOnly),
			show.Clip(show.Safe(f.Machine), 14), show.Safe(f.Runtime),
			f.Observations, figure.Percent(cv.Prefill.Median), figure.Percent(cv.Decode.Median)})
	}
	t.Render()
	return nil
}

func listChips(_ context.Context, s line.Streams, o listFlags) error {
	chips := machines.Chips()
	if *o.asJSON {
		return show.JSON(s.Out, chips)
	}
	t := show.NewTable(s.Out, table.Row{"--chip", "GPU cores", "memory", "f16"}, "GPU cores", "memory", "f16")
	for _, c := range chips {
		peak := "-"
		if c.FP16 != nil {
			peak = figure.Count(*c.FP16) + "FLOPS"
		}
		t.AppendRow(table.Row{c.ID(), c.GPUCores, figure.Count(c.Bandwidth) + "B/s", peak})
	}
	t.Render()
	return nil
}

// preset is one in a list.
type preset struct {
	Ref     string `json:"ref"`
	Name    string `json:"name"`
	Family  string `json:"family"`
	Layers  int    `json:"layers"`
	Context int64  `json:"context_length"`
}

func listPresets(ctx context.Context, s line.Streams, o listFlags) error {
	var presets []preset
	for _, name := range source.Presets() {
		f, err := source.Load(ctx, "preset:"+name, source.Options{})
		if err != nil {
			return err
		}
		presets = append(presets, preset{"preset:" + name, f.Name, f.Family, len(f.Layers), f.ContextLength})
	}
	if *o.asJSON {
		return show.JSON(s.Out, presets)
	}
	t := show.NewTable(s.Out, table.Row{"-m", "family", "layers", "context"}, "layers", "context")
	for _, p := range presets {
		t.AppendRow(table.Row{p.Ref, p.Family, p.Layers, p.Context})
	}
	t.Render()
	return nil
}
