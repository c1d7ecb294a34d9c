package main

import (
	"context"
	"flag"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/model"
	"assay/results"
)

const planHelp = `
The runtime builds the model and its context with nothing allocated and says
what each buffer would take; the prediction stands beside it. A model of any
size can be planned for on any machine. MLX has no such plan: there the weights
in the files' headers stand beside the prediction, and nothing is loaded.

examples:
  assay plan preset:llama-3.1-405b
  assay plan model.gguf -c 131072 -ctk q8_0
  assay plan preset:gemma-3-12b --runtime mlx --weight-type 4bit
`

func planCommand() line.Command {
	return line.Command{
		Name: "plan", Args: "MODEL", Does: "the runtime's own allocation plan, beside the prediction", Help: planHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o := line.NewCaseFlags(fs, results.KindPlan, line.CountSettings()...)
			return func(ctx context.Context, s line.Streams, args []string) error {
				ref, err := line.OneModel("plan", args)
				if err != nil {
					return err
				}
				c, err := o.Resolve(ref)
				if err != nil {
					return err
				}
				rec, err := model.Plan(ctx, o.Ask(ref), c)
				if err != nil {
					return err
				}
				if o.JSON {
					err = show.JSON(s.Out, rec)
				} else {
					show.Plan(s.Out, rec)
				}
				if err != nil {
					return err
				}
				return line.Verdict([]results.Record{rec})
			}
		},
	}
}
