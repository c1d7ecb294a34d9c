package main

import (
	"context"
	"flag"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/model"
)

const compareHelp = `
Sets several models side by side: size, attention, cache and work at one context
length. Nothing is run. Plots go over all lengths, unless -c names several.

example:
  assay compare preset:llama-3.1-8b preset:gemma-3-12b -c 32768
`

func compareCommand() line.Command {
	return line.Command{
		Name: "compare", Args: "MODEL...", Does: "several models side by side", Help: compareHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := newInspectFlags(fs)
			fs.BoolVar(&o.provenance, "provenance", false, "say where each fact of each model came from")
			return func(ctx context.Context, s line.Streams, args []string) error {
				if len(args) < 2 {
					return line.Usagef("compare takes two models or more, have %d", len(args))
				}
				if len(o.contexts.Values) == 0 {
					o.contexts.Values = []int{4096}
				}
				if err := o.choose(args); err != nil {
					return err
				}
				var models []model.Inspection
				for _, ref := range args {
					in, err := o.inspect(ctx, ref)
					if err != nil {
						return err
					}
					models = append(models, in)
				}
				var err error
				if o.asJSON {
					err = show.JSON(s.Out, models)
				} else {
					show.Comparison(s.Out, models)
					if o.provenance {
						show.Access(s.Out, models)
					}
				}
				if err != nil {
					return err
				}
				return o.plot(ctx, s, args)
			}
		},
	}
}
