package show

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/model"
	"assay/results"
)

// Predicted prints what a prompt and a token of a model take.
func Predicted(w io.Writer, f model.Foretold) {
	p := predicted(f.Record)
	fmt.Fprintf(w, "%s on %s at n_ctx %d\n", Safe(f.Model.Name), f.Runtime.Name, f.Case.NCtx)
	printNeeds(w, p.Memory)
	if p.WeightBytes != nil {
		Field(w, "weights", bytesOf(p.WeightBytes))
	}
	printCacheClasses(w, p)
	if p.Cost != nil {
		printWork(w, f)
	}
	printRules(w, f.Rules)
	for _, falls := range p.Fallbacks {
		fmt.Fprintln(w, Wrapped(Safe(falls), "  "))
	}
	for _, n := range f.Notes {
		fmt.Fprintln(w, Wrapped(Safe(n), "  "))
	}
	for _, u := range f.Unknown {
		fmt.Fprintln(w, Wrapped("not known: "+Safe(u), "  "))
	}
}

// Needs is a line of what the case needs that needs most, as predicted, with the
// context where the cases have several; empty where nothing is predicted.
func Needs(records []results.Record) string {
	var most *results.Memory
	contexts, at := map[int]bool{}, 0
	for _, r := range records {
		contexts[r.Case.NCtx] = true
		m := predicted(r).Memory
		if m == nil {
			continue
		}
		if most == nil || m.Known() > most.Known() {
			most, at = m, r.Case.NCtx
		}
	}
	switch {
	case most == nil:
		return ""
	case len(contexts) > 1:
		return Wrapped(fmt.Sprintf("needs %s (at n_ctx %d)", most, at), "") + "\n"
	}
	return Wrapped("needs "+most.String(), "") + "\n"
}

// printNeeds says what all of it takes, and why a part is not predicted.
func printNeeds(w io.Writer, m *results.Memory) {
	if m == nil {
		return
	}
	fmt.Fprintln(w, Wrapped("needs "+m.String(), "  "))
	for _, why := range m.Why() {
		fmt.Fprintln(w, Wrapped("not predicted: "+Safe(why), "  "))
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
	Field(w, "KV cache", bytesOf(p.KVBytes))
	for _, r := range order {
		b := bytes[r]
		Field(w, "", fmt.Sprintf("%d layers %s, %d cells: %s", layers[r], r.class, r.cells, bytesOf(&b)))
	}
	if p.PeakKVBytes != nil {
		Field(w, "peak", bytesOf(p.PeakKVBytes))
	}
}

// printWork shows operations and bytes by class, of the prompt and of a token.
func printWork(w io.Writer, f model.Foretold) {
	fmt.Fprintln(w)
	prompt, token := fmt.Sprintf("prompt of %d", f.Case.NPrompt), &results.Predicted{Cost: &results.Cost{}}
	var written, activations *int64 // absent where there is no room for a token
	if f.Token != nil && f.Token.Cost != nil {
		token = f.Token
		written, activations = &token.Cost.KVWriteBytes, &token.Cost.ActivationBytes
	}
	t := NewTable(w, table.Row{"class", "type", prompt, "it moves", "one token", "it moves "}, prompt, "it moves", "one token", "it moves ")
	for _, term := range f.Predicted.Cost.Terms {
		row := table.Row{term.Class, term.Type, opsOf(&term.FLOPs), bytesOf(&term.Bytes), "-", "-"}
		for _, one := range token.Cost.Terms {
			if one.Class == term.Class && one.Type == term.Type {
				row[4], row[5] = opsOf(&one.FLOPs), bytesOf(&one.Bytes)
			}
		}
		t.AppendRow(row)
	}
	prefill := f.Predicted.Cost
	t.AppendRow(table.Row{"cache written", "", "-", bytesOf(&prefill.KVWriteBytes), "-", bytesOf(written)})
	t.AppendRow(table.Row{"activations", "", "-", bytesOf(&prefill.ActivationBytes), "-", bytesOf(activations)})
	t.AppendRow(table.Row{"all", "", opsOf(f.Predicted.FLOPs), bytesOf(f.Predicted.BytesMoved), opsOf(token.FLOPs), bytesOf(token.BytesMoved)})
	t.Render()
}

// printRules shows what rival rules would have said where it differs.
func printRules(w io.Writer, rules []model.RuleSays) {
	if len(rules) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := NewTable(w, table.Row{"rule set", "figure", "says", "off by", "chiefly because it assumes"}, "says", "off by")
	wrapColumn(t, "chiefly because it assumes", 30)
	for _, r := range rules {
		v := results.Verdict{Predicted: r.Says, Measured: r.Exact}
		by := percent(v)
		if r.Because == "" {
			by = "exact"
		}
		t.AppendRow(table.Row{r.Rules, r.Figure, figureOf(r), by, Safe(r.Chief)})
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
