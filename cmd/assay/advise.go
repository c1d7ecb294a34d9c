package main

import (
	"context"
	"errors"
	"flag"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/model"
	"assay/results"
)

const adviseHelp = `
Says whether a model fits, how fast it would be, and which weights and cache to
take: here, or on a Mac that is described in words. All of the memory counts,
against what macOS lets a GPU have. Nothing is run. Exit status 0 when something
fits, 1 when nothing does.

The best of what fits is marked: the longest context that was asked for, then
the most exact weights (by what runs in the store measured that types lose of
the model, else by their bits), then the most exact cache; of two runtimes that
are as exact the one with the faster decode. What was published in four bits is
offered as it was published.

examples:
  assay advise preset:gemma-3-27b --machine 'M4 Max 36GB' -c 64k
  assay advise preset:qwen3-30b-a3b preset:gpt-oss-20b --machine 'M4 24GB'
  assay advise model.gguf -c 8k,32k
`

// adviseFlags are what is asked.
type adviseFlags struct {
	machine, store          string
	macOS                   int
	contexts                *line.List[int]
	weights, caches, runner *line.List[string]
	memory                  string
	asJSON                  bool
	ubatch, seqs            int
}

func adviseCommand() line.Command {
	return line.Command{
		Name: "advise", Args: "MODEL...", Does: "does it fit, how fast, and what to take", Help: adviseHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := &adviseFlags{contexts: line.TokenCounts(), weights: line.Words(), caches: line.Words(), runner: line.Words()}
			fs.StringVar(&o.machine, "machine", "", "a Mac in `words`: 'M4 Max 36GB', 'Mac mini M4 24 GB' (default: this machine)")
			fs.StringVar(&o.memory, "memory", "", "what the model may take, `size` such as 16GiB; the Mac's memory where --machine names none "+
				"(default: what macOS gives the GPU)")
			fs.IntVar(&o.macOS, "macos", 0, "`version` of macOS, which decides what a GPU may have (default: the newest)")
			fs.Var(o.contexts, "c", "context `lengths`, such as 8k,32768 (default: 8192)")
			fs.Var(o.weights, "weight-type", "`types` of the weights to choose from (default: the usual ones)")
			fs.Var(o.caches, "ctk", "`types` of the cache to choose from (default: f16,q8_0)")
			fs.Var(o.runner, "runtime", "`runtimes` to choose from: llama.cpp, mlx (default: on a Mac all that can run it)")
			fs.IntVar(&o.ubatch, "ub", 512, "n_ubatch in `tokens`")
			fs.IntVar(&o.seqs, "np", 1, "parallel `sequences`")
			fs.StringVar(&o.store, "store", "", "`file` or postgres:// DSN of the store with this machine's fits")
			fs.BoolVar(&o.asJSON, "json", false, "print as JSON")
			return func(ctx context.Context, s line.Streams, args []string) error {
				if len(args) == 0 {
					return line.Usagef("advise takes at least one model")
				}
				return advise(ctx, s, o, args)
			}
		},
	}
}

// errNothingFits has been told already.
var errNothingFits = errors.New("nothing fits")

func advise(ctx context.Context, s line.Streams, o *adviseFlags, refs []string) error {
	in, err := o.place(ctx)
	if err != nil {
		return err
	}
	a, err := model.Advise(ctx, refs, in, model.AdviceOptions{
		Contexts: o.contexts.Values, WeightTypes: o.weights.Values, CacheTypes: o.caches.Values, Runtime: o.runner.Values,
		Losses: model.MeasuredLosses(ctx, o.store),
		Case:   results.Case{NBatch: 2048, NUbatch: o.ubatch, NSeq: o.seqs, FlashAttn: "auto", NGPULayers: 99, TypeK: "f16", TypeV: "f16"},
	})
	if err != nil {
		return err
	}
	if o.asJSON {
		if err := show.JSON(s.Out, a); err != nil {
			return err
		}
	} else {
		show.Advice(s.Out, a)
	}
	if !a.Fits() {
		return line.Told(errNothingFits)
	}
	return nil
}

// place is the machine that was described, or this one.
func (o *adviseFlags) place(ctx context.Context) (model.Place, error) {
	return placeOf(ctx, o.machine, o.memory, o.store, o.macOS)
}
