package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

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

func planCommand() command {
	return command{
		name: "plan", args: "MODEL", does: "the runtime's own allocation plan, beside the prediction", help: planHelp,
		setup: func(fs *flag.FlagSet) action {
			o := newCaseFlags(fs)
			return func(ctx context.Context, s streams, args []string) error {
				ref, err := oneModel("plan", args)
				if err != nil {
					return err
				}
				c, err := o.resolve(ref)
				if err != nil {
					return err
				}
				rec, err := model.Plan(ctx, o.runtime, ref, o.weights, c)
				if err != nil {
					return err
				}
				if o.asJSON {
					err = printJSON(s.out, rec)
				} else {
					printPlan(s.out, rec)
				}
				if err != nil {
					return err
				}
				return verdict([]results.Record{rec})
			}
		},
	}
}

func printPlan(w io.Writer, r results.Record) {
	m, p := measured(r), predicted(r)
	fmt.Fprintf(w, "%s at n_ctx %d, %s %s\n\n", safe(r.Model.Name), r.Case.NCtx, r.Runtime.Name, r.Runtime.Version)
	t := newTable(w, table.Row{"", "predicted", "planned", "residual"}, "predicted", "planned", "residual")
	t.AppendRow(table.Row{"weights", bytesOf(p.WeightBytes), bytesOf(m.WeightBytes), difference(residual(r).WeightBytes)})
	if src := m.KVSources; src != nil && src.Log != nil {
		t.AppendRow(table.Row{"KV cache", bytesOf(p.KVBytes), bytesOf(src.Log), difference(residual(r).KVBytes) + fmt.Sprintf(" ± %d", *src.LogPrecision)})
	} else {
		t.AppendRow(table.Row{"KV cache", bytesOf(p.KVBytes), bytesOf(m.KVBytes), difference(residual(r).KVBytes)})
	}
	if m.Memory != nil && m.Memory.ComputeBytes != nil {
		pm := p.Memory
		if pm == nil {
			pm = &results.Memory{}
		}
		rounded := fmt.Sprintf(" ± %d", results.LogRounding)
		t.AppendRow(table.Row{"compute buffer", bytesOf(pm.ComputeBytes), bytesOf(m.Memory.ComputeBytes), difference(residual(r).ComputeBytes) + rounded})
		t.AppendRow(table.Row{"output buffer", bytesOf(pm.OutputBytes), bytesOf(m.Memory.OutputBytes), difference(residual(r).OutputBytes) + rounded})
	}
	t.Render()
	if r.Runtime.Name != "mlx" {
		fmt.Fprintln(w, "± bytes are what the log's rounding leaves open")
	}
	fmt.Fprintln(w)
	printCacheClasses(w, p)
	if r.Runtime.Name == "mlx" {
		fmt.Fprintln(w, "\nMLX plans nothing: the weights are those of the files' headers, and the cache\nis what mlx-lm's would hold behind a prompt of so many tokens.")
	}
	if m.Memory != nil && m.Memory.PeakFootprintBytes != nil {
		fmt.Fprintf(w, "\nplanned with %s of memory\n", bytesOf(m.Memory.PeakFootprintBytes))
	}
	printProblems(w, []results.Record{r})
}
