package show

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/harness/model"
	"assay/results/figure"
)

// Forecast prints how fast a model will be, by context length.
func Forecast(w io.Writer, f model.Forecast) {
	fmt.Fprintf(w, "%s\n\n", Wrapped("speed: "+Safe(f.Basis)+"; 'first' is the time to the first token of a prompt that fills the context",
		""))
	if len(f.Tests) > 0 {
		t := NewTable(w, table.Row{"test", "t/s", "95 %", "bound by"}, "t/s", "95 %")
		for _, r := range f.Tests {
			v := r.Prediction.TokensPerSecond
			t.AppendRow(table.Row{r.Test, figure.Rate(v.Value), figure.Rate(v.Lo) + "–" + figure.Rate(v.Hi), r.Prediction.Bound})
		}
		t.Render()
		fmt.Fprintln(w)
	}
	t := NewTable(w, table.Row{"context", "memory", "pp t/s", "95 %", "first", "tg t/s", "95 % ", "bound by"},
		"context", "memory", "pp t/s", "95 %", "first", "tg t/s", "95 % ")
	wrapColumn(t, "bound by", 12)
	notes := map[string]bool{}
	for _, r := range f.Rows {
		bound := fmt.Sprintf("pp %s, tg %s", r.Prefill.Bound, r.Decode.Bound)
		if r.Prefill.Bound == r.Decode.Bound {
			bound = string(r.Decode.Bound)
		}
		context := fmt.Sprint(r.Context)
		if r.Extrapolated {
			context += "*"
			notes[fmt.Sprintf("* longer than anything that was measured (%d): an extrapolation", f.MeasuredContext)] = true
		}
		if !r.Fits {
			context += "!"
			notes["! does not fit in "+figure.Bytes(f.MemoryBytes)] = true
		}
		p, d := r.Prefill.TokensPerSecond, r.Decode.TokensPerSecond
		need := figure.Bytes(r.NeedBytes)
		if r.AtLeast {
			need = "> " + need
		}
		t.AppendRow(table.Row{
			context, need, figure.Rate(p.Value), figure.Rate(p.Lo) + "–" + figure.Rate(p.Hi), figure.Rate(r.FirstToken.Value) + " s",
			figure.Rate(d.Value), figure.Rate(d.Lo) + "–" + figure.Rate(d.Hi), bound,
		})
	}
	t.Render()
	for _, note := range sortedKeys(notes) {
		fmt.Fprintln(w, note)
	}
	fmt.Fprintln(w)
	in := figure.Bytes(f.MemoryBytes) + " (" + Safe(f.MemoryBasis) + ")"
	switch {
	case f.LargestContext == nil:
		fmt.Fprintln(w, Wrapped("not even a context of 256 fits in "+in+" beside the weights", ""))
	case f.OwnLimit:
		fmt.Fprintln(w, Wrapped(fmt.Sprintf("largest context in %s: %d tokens, which is the model's own limit; the memory has room for it",
			in, *f.LargestContext), ""))
	default:
		fmt.Fprintln(w, Wrapped(fmt.Sprintf("largest context in %s: %d tokens", in, *f.LargestContext), ""))
	}
}
