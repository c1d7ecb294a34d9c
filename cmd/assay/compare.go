package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness"
)

const compareHelp = `
Sets several models side by side: size, attention, cache and work at one context
length. Nothing is run. Plots go over all lengths, unless -c names several.

example:
  assay compare preset:llama-3.1-8b preset:gemma-3-12b -c 32768
`

func compareCommand() command {
	return command{
		name: "compare", args: "MODEL...", does: "several models side by side", help: compareHelp,
		setup: func(fs *flag.FlagSet) action {
			o := newInspectFlags(fs)
			return func(ctx context.Context, s streams, args []string) error {
				if len(args) < 2 {
					return usagef("compare takes two models or more, have %d", len(args))
				}
				if len(o.contexts.values) == 0 {
					o.contexts.values = []int{4096}
				}
				if err := o.choose(args); err != nil {
					return err
				}
				var models []harness.Inspection
				for _, ref := range args {
					in, err := o.inspect(ctx, ref)
					if err != nil {
						return err
					}
					models = append(models, in)
				}
				var err error
				if o.asJSON {
					err = printJSON(s.out, models)
				} else {
					printComparison(s, models)
				}
				if err != nil {
					return err
				}
				return o.plot(ctx, s, args)
			}
		},
	}
}

// comparedRows are what models are compared by, one row each.
var comparedRows = []struct {
	name  string
	value func(harness.Inspection) string
}{
	{"runtime", func(in harness.Inspection) string { return in.Runtime }},
	{"family", func(in harness.Inspection) string { return in.Facts.Family }},
	{"layers", func(in harness.Inspection) string { return fmt.Sprint(len(in.Facts.Layers)) }},
	{"hidden", func(in harness.Inspection) string { return fmt.Sprint(in.Facts.Hidden) }},
	{"parameters", func(in harness.Inspection) string { return opsOf(&in.Total) }},
	{"active", func(in harness.Inspection) string { return opsOf(&in.Active) }},
	{"weights", func(in harness.Inspection) string { return bytesOf(in.WeightBytes) }},
	{"attention", func(in harness.Inspection) string { return fmt.Sprintf("%s ÷%.3g", in.Sharing, in.IfMHA) }},
	{"KV heads × dim", kvShape},
	{"cache/token", func(in harness.Inspection) string { return harness.Bytes(in.TokenBytes) }},
	{"n_ctx", func(in harness.Inspection) string { return fmt.Sprint(in.Cache[0].Context) }},
	{"KV cache", func(in harness.Inspection) string { return harness.Bytes(in.Cache[0].Bytes) }},
	{"of it windowed", func(in harness.Inspection) string { return harness.Bytes(in.Cache[0].Windowed) }},
	{"prefill FLOPs", workOf(func(w harness.WorkAt) string { return opsOf(&w.Prefill) })},
	{"FLOPs/token", workOf(func(w harness.WorkAt) string { return opsOf(&w.Decode) })},
	{"bytes/token", workOf(func(w harness.WorkAt) string { return harness.Bytes(w.DecodeBytes) })},
}

// workOf shows a figure of the work, or that it is not predicted.
func workOf(show func(harness.WorkAt) string) func(harness.Inspection) string {
	return func(in harness.Inspection) string {
		if len(in.Work) == 0 {
			return "-"
		}
		return show(in.Work[0])
	}
}

func kvShape(in harness.Inspection) string {
	for _, l := range in.Facts.Layers {
		if l.Attention != nil {
			return fmt.Sprintf("%d × %d", l.Attention.KVHeads, l.Attention.KeyDim)
		}
	}
	return "-"
}

func printComparison(s streams, models []harness.Inspection) {
	header := table.Row{""}
	var right []string
	for _, in := range models {
		name := clip(safe(in.Facts.Name), 20)
		header = append(header, name)
		right = append(right, name)
	}
	t := newTable(s.out, header, right...)
	for _, r := range comparedRows {
		row := table.Row{r.name}
		for _, in := range models {
			row = append(row, r.value(in))
		}
		t.AppendRow(row)
	}
	t.Render()
}
