package show

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/results"
)

// Plan prints a runtime's plan beside the prediction.
func Plan(w io.Writer, r results.Record) {
	m, p := measured(r), predicted(r)
	fmt.Fprintf(w, "%s at n_ctx %d, %s %s\n", Safe(r.Model.Name), r.Case.NCtx, r.Runtime.Name, r.Runtime.Version)
	printNeeds(w, p.Memory)
	fmt.Fprintln(w)
	t := NewTable(w, table.Row{"", "predicted", "planned", "residual"}, "predicted", "planned", "residual")
	t.AppendRow(table.Row{"weights", bytesOf(p.WeightBytes), bytesOf(m.WeightBytes), difference(residual(r).WeightBytes)})
	if src := m.KVSources; src != nil && src.Log != nil {
		t.AppendRow(table.Row{"KV cache", bytesOf(p.KVBytes), bytesOf(src.Log), difference(residual(r).KVBytes) +
			fmt.Sprintf(" ± %d", *src.LogPrecision)})
	} else {
		t.AppendRow(table.Row{"KV cache", bytesOf(p.KVBytes), bytesOf(m.KVBytes), difference(residual(r).KVBytes)})
	}
	if m.Memory != nil && m.Memory.ComputeBytes != nil {
		pm := p.Memory
		if pm == nil {
			pm = &results.Memory{}
		}
		rounded := fmt.Sprintf(" ± %d", results.LogRounding)
		t.AppendRow(table.Row{"compute buffer", bytesOf(pm.ComputeBytes), bytesOf(m.Memory.ComputeBytes),
			difference(residual(r).ComputeBytes) + rounded})
		t.AppendRow(table.Row{"output buffer", bytesOf(pm.OutputBytes), bytesOf(m.Memory.OutputBytes),
			difference(residual(r).OutputBytes) + rounded})
	}
	t.Render()
	planned := m.KVSources != nil && m.KVSources.Log != nil
	if planned {
		fmt.Fprintln(w, "± bytes are what the log's rounding leaves open")
	}
	fmt.Fprintln(w)
	printCacheClasses(w, p)
	if !planned {
		fmt.Fprintf(w, "\n%s plans nothing: the weights are those of the files' headers, and the cache\n"+
			"is what it would hold behind a prompt of so many tokens.\n", r.Runtime.Name)
	}
	if m.Memory != nil && m.Memory.PeakFootprintBytes != nil {
		fmt.Fprintf(w, "\nplanned with %s of memory\n", bytesOf(m.Memory.PeakFootprintBytes))
	}
	printDevices(w, []results.Record{r})
	printProblems(w, []results.Record{r})
	printFallbacks(w, []results.Record{r})
}
