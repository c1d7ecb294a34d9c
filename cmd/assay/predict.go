package main

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/model"
	"assay/harness/record"
	"assay/results"
)

const predictHelp = `
Computes from the architecture and the runtime's policy what a model takes and
does: KV cache, weights, operations and bytes of a prompt and of a token. With
--fit or --chip also how fast it will be, by context length, and the largest
context that fits. Nothing is run. mlx-lm's cache grows with the tokens: there
-c is how many it holds behind the prompt (default: the prompt and -d).

examples:
  assay predict preset:gemma-3-12b -c 32768
  assay predict model.gguf --fit latest
  assay predict preset:llama-3.1-8b --chip M4Max-40 --memory 36GiB
`

func predictCommand() command {
	return command{
		name: "predict", args: "MODEL", does: "cache, work and speed of a model, without running it", help: predictHelp,
		setup: func(fs *flag.FlagSet) action {
			o, speed, rules := newCaseFlags(fs), newForecastFlags(fs), words()
			fs.Var(rules, "rules", "rule `sets` beside the exact one: textbook, exp-001, lab-1; 'none' for none (default textbook)")
			fs.IntVar(&o.c.NPrompt, "p", 512, "prompt `tokens` of the prefill")
			fs.IntVar(&o.c.NDepth, "d", 0, "`tokens` in the cache before")
			return func(ctx context.Context, s streams, args []string) error {
				ref, err := oneModel("predict", args)
				if err != nil {
					return err
				}
				if o.c.NPrompt == 0 {
					return usagef("-p 0 must be a prompt of at least 1 token; one token after it is predicted, too")
				}
				if err := speed.check(); err != nil {
					return err
				}
				c, err := o.resolve(ref)
				if err != nil {
					return err
				}
				switch {
				case o.runtime == "mlx" && len(rules.values) > 0 && rules.values[0] != record.NoRules:
					return usagef("--rules: the rule sets speak of llama.cpp's cache and work; leave it out with mlx")
				case len(rules.values) == 0:
					rules.values = []string{"textbook"}
				}
				return predict(ctx, s, ref, o, rules.values, speed, c)
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

func predict(ctx context.Context, s streams, ref string, o *caseFlags, rules []string, speed *forecastFlags, c results.Case) error {
	c.Kind = results.KindPrefill
	told, err := model.Predict(ctx, o.runtime, ref, o.weights, c, rules)
	if err != nil {
		return err
	}
	out := foretold{Foretold: told}
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
	printPredicted(s.out, told)
	if out.Forecast != nil {
		fmt.Fprintln(s.out)
		printForecast(s.out, *out.Forecast)
	}
	return nil
}

func printPredicted(w io.Writer, f model.Foretold) {
	p := predicted(f.Record)
	fmt.Fprintf(w, "%s on %s at n_ctx %d\n", safe(f.Model.Name), f.Runtime.Name, f.Case.NCtx)
	if p.WeightBytes != nil {
		field(w, "weights", bytesOf(p.WeightBytes))
	}
	printCacheClasses(w, p)
	if p.Cost != nil {
		printWork(w, f)
	}
	printRules(w, f.Rules)
	for _, u := range f.Unknown {
		fmt.Fprintln(w, wrapped("not known: "+safe(u), "  "))
	}
}

// printCacheClasses sums the cache up over layers of the same kind.
func printCacheClasses(w io.Writer, p results.Predicted) {
	type row struct {
		class string
		cells int64
	}
	layers, bytes := map[row]int{}, map[row]int64{}
	var order []row
	for _, l := range p.KVLayers {
		r := row{l.Class, l.Cells}
		if layers[r] == 0 {
			order = append(order, r)
		}
		layers[r]++
		bytes[r] += l.KBytes + l.VBytes
	}
	field(w, "KV cache", bytesOf(p.KVBytes))
	for _, r := range order {
		b := bytes[r]
		field(w, "", fmt.Sprintf("%d layers %s, %d cells: %s", layers[r], r.class, r.cells, bytesOf(&b)))
	}
	if p.PeakKVBytes != nil {
		field(w, "peak", bytesOf(p.PeakKVBytes))
	}
}

// printWork shows operations and bytes by class, of the prompt and of a token.
func printWork(w io.Writer, f model.Foretold) {
	fmt.Fprintln(w)
	prompt := fmt.Sprintf("prompt of %d", f.Case.NPrompt)
	t := newTable(w, table.Row{"class", "type", prompt, "it moves", "one token", "it moves "}, prompt, "it moves", "one token", "it moves ")
	for _, term := range f.Predicted.Cost.Terms {
		row := table.Row{term.Class, term.Type, opsOf(&term.FLOPs), bytesOf(&term.Bytes), "-", "-"}
		for _, one := range f.Token.Cost.Terms {
			if one.Class == term.Class && one.Type == term.Type {
				row[4], row[5] = opsOf(&one.FLOPs), bytesOf(&one.Bytes)
			}
		}
		t.AppendRow(row)
	}
	prefill, one := f.Predicted.Cost, f.Token.Cost
	t.AppendRow(table.Row{"cache written", "", "-", bytesOf(&prefill.KVWriteBytes), "-", bytesOf(&one.KVWriteBytes)})
	t.AppendRow(table.Row{"activations", "", "-", bytesOf(&prefill.ActivationBytes), "-", bytesOf(&one.ActivationBytes)})
	t.AppendRow(table.Row{"all", "", opsOf(f.Predicted.FLOPs), bytesOf(f.Predicted.BytesMoved), opsOf(f.Token.FLOPs), bytesOf(f.Token.BytesMoved)})
	t.Render()
}

// printRules shows what rival rules would have said where it differs.
func printRules(w io.Writer, rules []model.RuleSays) {
	if len(rules) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(w, table.Row{"rule set", "figure", "says", "off by", "chiefly because it assumes"}, "says", "off by")
	wrapColumn(t, "chiefly because it assumes", 30)
	for _, r := range rules {
		v := results.Verdict{Predicted: r.Says, Measured: r.Exact}
		by := percent(v)
		if r.Because == "" {
			by = "exact"
		}
		t.AppendRow(table.Row{r.Rules, r.Figure, figureOf(r), by, safe(r.Chief)})
	}
	t.Render()
}

// figureOf prints a rule's figure in its unit.
func figureOf(r model.RuleSays) string {
	switch r.Figure {
	case "kv_bytes", "weight_bytes":
		return bytesOf(&r.Says)
	case "flops", "params":
		return opsOf(&r.Says)
	}
	return fmt.Sprint(r.Says)
}
