package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strings"

	"assay/cmd/assay/line"
	"assay/cmd/assay/show"
	"assay/harness/model"
	"assay/harness/subject"
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
			o, speed, rules, caches := line.NewCaseFlags(fs, results.KindPrefill, "n_gen", "type_k"), newForecastFlags(fs),
				line.Words(), line.Settings("type_k")
			line.DeclareSetting(fs, "type_k", caches)
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
				c = o.WithRoom(c)
				speed.smallest()
				in, err := speed.place(ctx)
				if err != nil {
					return err
				}
				var all []foretold
				for _, weights := range strings.Split(o.Weights, ",") {
					for _, cache := range caches.Or(c.TypeK) {
						one := c
						one.TypeK = cache
						if !o.Settings.Given("type_v") {
							one.TypeV = cache
						}
						ask := o.Ask(ref)
						ask.WeightType = strings.TrimSpace(weights)
						if speed.chip != "" {
							ask.Device = in.Device
						}
						told, err := foretell(ctx, ask, rules.Values, one, speed, in)
						if err != nil {
							return err
						}
						all = append(all, told)
					}
				}
				return showForetold(s, o.JSON, all)
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

// foretell predicts one combination of types, and its speed where that was asked for.
func foretell(ctx context.Context, ask subject.Ask, rules []string, c results.Case, speed *forecastFlags,
	in model.Place) (out foretold, err error) {
	out.Foretold, err = model.Predict(ctx, ask, c, rules)
	if err == nil && speed.asked() {
		out.Forecast, err = speed.forecast(ctx, ask, in, c)
	}
	return out, err
}

// showForetold prints what was foretold of each combination of types, as JSON one
// object, or a list where several were asked for.
func showForetold(s line.Streams, asJSON bool, all []foretold) error {
	switch {
	case asJSON && len(all) == 1:
		return show.JSON(s.Out, all[0])
	case asJSON:
		return show.JSON(s.Out, all)
	}
	for i, told := range all {
		if i > 0 {
			fmt.Fprintln(s.Out)
		}
		if len(all) > 1 {
			fmt.Fprintf(s.Out, "weights %s, cache %s\n", cmp.Or(told.Model.WeightType, "as stored"), told.Case.TypeK)
		}
		show.Predicted(s.Out, told.Foretold)
		if told.Forecast != nil {
			fmt.Fprintln(s.Out)
			show.Forecast(s.Out, *told.Forecast)
		}
	}
	return nil
}
