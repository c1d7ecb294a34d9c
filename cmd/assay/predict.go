package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness"
	"assay/results"
)

const predictHelp = `
Computes from the architecture and the runtime's policy what a model takes and
does: KV cache, weights, operations and bytes of a prompt and of a token. With
--fit or --chip also how fast it will be, by context length, and the largest
context that fits. Nothing is run.

examples:
  assay predict preset:gemma-3-12b -c 32768
  assay predict model.gguf --fit latest
  assay predict preset:llama-3.1-8b --weight-type q4_0 --chip M4Max-40 --memory 36GiB
`

func predictCommand() command {
	return command{
		name: "predict", args: "MODEL", does: "cache, work and speed of a model, without running it", help: predictHelp,
		setup: func(fs *flag.FlagSet) action {
			o, speed := newCaseFlags(fs), newForecastFlags(fs)
			fs.IntVar(&o.c.NPrompt, "p", 512, "prompt `tokens` of the prefill")
			fs.IntVar(&o.c.NDepth, "d", 0, "`tokens` in the cache before")
			return func(ctx context.Context, s streams, args []string) error {
				ref, err := oneModel("predict", args)
				if err != nil {
					return err
				}
				if err := speed.check(); err != nil {
					return err
				}
				c, err := o.resolve()
				if err != nil {
					return err
				}
				return predict(ctx, s, ref, o, speed, c)
			}
		},
	}
}

// foretold is what predict prints as JSON: the record's parts that need no run,
// and the speed where it was asked for.
type foretold struct {
	results.Record
	Forecast *harness.Forecast `json:"forecast,omitempty"`
}

func predict(ctx context.Context, s streams, ref string, o *caseFlags, speed *forecastFlags, c results.Case) error {
	c.Kind = results.KindPrefill
	rec, err := harness.PredictModel(ctx, o.runtime, ref, o.weights, c)
	if err != nil {
		return err
	}
	out := foretold{Record: rec}
	if speed.asked() {
		f, err := speed.forecast(ctx, ref, o.runtime, o.weights, c)
		if err != nil {
			return err
		}
		out.Forecast = &f
	}
	if o.asJSON {
		return printJSON(s.out, out)
	}
	printPredicted(s.out, rec)
	if out.Forecast != nil {
		fmt.Fprintln(s.out)
		printForecast(s.out, *out.Forecast)
	}
	return nil
}

func printPredicted(w io.Writer, r results.Record) {
	p := predicted(r)
	fmt.Fprintf(w, "%s on %s at n_ctx %d\n\n", safe(r.Model.Name), r.Runtime.Name, r.Case.NCtx)
	t := newTable(w, table.Row{"", "predicted"}, "predicted")
	t.AppendRow(table.Row{"weights", bytesOf(p.WeightBytes)})
	t.AppendRow(table.Row{"KV cache", bytesOf(p.KVBytes)})
	t.AppendRow(table.Row{fmt.Sprintf("operations of a prompt of %d", r.Case.NPrompt), opsOf(p.FLOPs)})
	t.AppendRow(table.Row{"bytes moved by it", bytesOf(p.BytesMoved)})
	t.Render()
}
