package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/archive"
	"assay/harness/failure"
	"assay/harness/home"
	"assay/harness/speed"
	"assay/predict/roofline"
)

const fitHelp = `
Finds what a byte of weights, an operation, a product or graph node and a step
cost this machine and runtime, from the timed cases of runs (default: the latest
one), and judges the result by leaving whole models out. The fit is stored;
'assay predict MODEL --fit ID' uses it.

'assay run --calibrate' measures the cases that a fit needs. A run is an id,
the beginning of one, latest, latest~1, a day or a file of records.

examples:
  assay run --calibrate && assay fit
  assay fit latest latest~1 --validate
  assay fit night.jsonl --out machine.json
`

func fitCommand() line.Command {
	return line.Command{
		Name: "fit", Args: "[RUN…]", Does: "finds what bytes and operations cost this machine", Help: fitHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := newFitFlags(fs)
			return o.run
		},
	}
}

type fitFlags struct {
	store                                      *string
	out, plots                                 string
	unfit, noStore, asJSON, validate, markdown bool
	furthest                                   int
}

func newFitFlags(fs *flag.FlagSet) *fitFlags {
	o := &fitFlags{store: line.StoreFlag(fs)}
	fs.BoolVar(&o.noStore, "no-store", false, "do not store the fit")
	fs.StringVar(&o.out, "out", "", "also write the fit to this `file` as JSON")
	fs.StringVar(&o.plots, "plot", "", "write the roofline, predicted against measured and the residuals as SVG into this `folder`")
	fs.BoolVar(&o.unfit, "unfit", false, "use cases of a machine that was not fit to be measured, too")
	fs.BoolVar(&o.validate, "validate", false, "print each case beside what the fit without its model predicts")
	fs.BoolVar(&o.markdown, "markdown", false, "print only the table of --validate, as Markdown")
	fs.IntVar(&o.furthest, "furthest", 5, "`cases` furthest off to explain")
	fs.BoolVar(&o.asJSON, "json", false, "print the fit as JSON")
	return o
}

func (o *fitFlags) run(ctx context.Context, s line.Streams, args []string) error {
	switch {
	case o.furthest < 0:
		return line.Usagef("--furthest %d cannot be negative", o.furthest)
	case o.asJSON && (o.validate || o.markdown):
		return line.Usagef("--json prints the fit; leave out --validate and --markdown")
	}
	if len(args) == 0 {
		args = []string{"latest"}
	}
	db, err := archive.Read(ctx, *o.store)
	if err != nil {
		return err
	}
	defer db.Close()
	runs, err := archive.Select(ctx, db, args)
	if err != nil {
		return err
	}
	fit, obs, err := speed.Fit(runs, roofline.Options{Unfit: o.unfit})
	if err != nil {
		return err
	}
	if fit.Chip, err = speed.KnownChip(ctx, db, archive.HostOf(runs)); err != nil {
		return err
	}
	if !o.noStore {
		if err := o.keep(ctx, fit); err != nil {
			return err
		}
	}
	if err := o.write(fit); err != nil {
		return err
	}
	if o.plots != "" {
		if err := line.TakesFolder(o.plots); err != nil {
			return err
		}
		if _, err := speed.Plot(o.plots, fit, obs); err != nil {
			return err
		}
	}
	return o.print(s, fit, obs)
}

// keep stores the fit; only now is a store made where there was none.
func (o *fitFlags) keep(ctx context.Context, fit *roofline.Fit) error {
	db, err := archive.Open(ctx, *o.store)
	if err != nil {
		return err
	}
	return errors.Join(speed.Save(ctx, db, fit), db.Close())
}

func (o *fitFlags) print(s line.Streams, fit *roofline.Fit, obs []roofline.Observation) error {
	if o.asJSON {
		return show.JSON(s.Out, fitJSON{fit, fit.Explain(obs, o.furthest)})
	}
	if !o.markdown {
		show.Fit(s.Out, fit, obs, o.furthest)
	}
	if !o.validate && !o.markdown {
		return nil
	}
	v, err := roofline.Validate(obs, roofline.Options{Unfit: o.unfit})
	if err != nil {
		return failure.Input(err)
	}
	show.Validation(s.Out, v, o.markdown)
	return nil
}

// fitJSON is the fit, as --fit reads it, and the cases that it misses most.
type fitJSON struct {
	*roofline.Fit
	Furthest []roofline.Explanation `json:"furthest"`
}

// write puts the fit into the file that was asked for.
func (o *fitFlags) write(fit *roofline.Fit) error {
	if o.out == "" {
		return nil
	}
	text, err := json.MarshalIndent(fit, "", " ")
	if err != nil {
		return fmt.Errorf("fit %s: %w", fit.ID, err)
	}
	if err := home.WriteFile(o.out, append(text, '\n')); err != nil {
		return fmt.Errorf("the file of the fit: %w", err)
	}
	return nil
}
