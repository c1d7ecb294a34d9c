package main

import (
	"context"
	"flag"
	"fmt"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/model"
	"assay/results"
)

const predictHelp = `
Computes from the architecture and the runtime's policy what a model takes and
does: KV cache, weights, operations and bytes of a prompt and of a token (a
prompt of 512, or what -c has room for beside the token). With --fit or --chip
also how fast it will be, by context length, and the largest context that fits.
Nothing is run. mlx-lm's cache grows with the tokens: there -c is how many
it holds behind the prompt (default: the prompt and -d).

examples:
  assay predict preset:gemma-3-12b -c 32768
  assay predict model.gguf --fit latest
  assay predict preset:llama-3.1-8b --weight-type Q4_K_M --chip M4Max-40
  assay predict preset:qwen3-8b --runtime mlx --chip "M3 Ultra" -p 2048 -d 4096
`

func predictCommand() line.Command {
	return line.Command{
		Name: "predict", Args: "MODEL", Does: "cache, work and speed of a model, without running it", Help: predictHelp,
		Setup: func(fs *flag.FlagSet) line.Action {
			o, speed, rules := line.NewCaseFlags(fs, results.KindPrefill, "n_gen"), newForecastFlags(fs), line.Words()
			fs.Var(rules, "rules", "rule `sets` beside the exact one: textbook, exp-001, lab-1; 'none' for none (default textbook)")
			return func(ctx context.Context, s line.Streams, args []string) error {
				ref, err := line.OneModel("predict", args)
				if err != nil {
					return err
				}
				if o.Settings.Case.NPrompt == 0 {
					return line.Usagef("-p 0 must be a prompt of at least 1 token; one token after it is predicted, too")
				}
				if err := speed.check(); err != nil {
					return err
				}
				c, err := o.Resolve(ref)
				if err != nil {
					return err
				}
				return predict(ctx, s, ref, o, rules.Values, speed, o.WithRoom(c))
			}
		},
	}
}

// foretold is what predict prints as JSON: the record's parts that need no run,
// and the speed where it was asked for.
type foretold struct {
	model.Foretold
	Forecast *model.Forecast `json:"forecast,omitempty"`
}

func predict(ctx context.Context, s line.Streams, ref string, o *line.CaseFlags, rules []string, speed *forecastFlags, c results.Case) error {
	told, err := model.Predict(ctx, o.Ask(ref), c, rules)
	if err != nil {
		return err
	}
	out := foretold{Foretold: told}
	if speed.asked() {
		f, err := speed.forecast(ctx, ref, o.Runtime, o.Weights, c)
		if err != nil {
			return err
		}
		out.Forecast = &f
	}
	if o.JSON {
		return show.JSON(s.Out, out)
	}
	show.Predicted(s.Out, told)
	if out.Forecast != nil {
		fmt.Fprintln(s.Out)
		show.Forecast(s.Out, *out.Forecast)
	}
	return nil
}
