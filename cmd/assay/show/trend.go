package show

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/results/figure"
	"assay/results/trend"
)

// Trend prints where cases changed; all also names those that never did.
func Trend(w io.Writer, t trend.Trend, all bool) {
	fmt.Fprintf(w, "%s over %s\n", figure.Several(len(t.Cases), "case"), figure.Several(len(t.Nights), "night"))
	for _, warning := range t.Warnings {
		fmt.Fprintf(w, "warning: %s\n", Safe(warning))
	}
	if len(t.Nights) == 0 {
		return // nothing was judged
	}
	printChanges(w, "all timed cases together", t.Common)
	still := 0
	for _, c := range t.Cases {
		if len(c.Changes) == 0 && !all {
			still++
			continue
		}
		printChanges(w, Safe(string(c.Key)), c.Changes)
		if len(c.Changes) == 0 {
			fmt.Fprintf(w, "\n%s\n  no change in %s\n", Safe(string(c.Key)), figure.Several(len(c.Points), "night"))
		}
	}
	if still > 0 {
		fmt.Fprintf(w, "\n%s did not change.\n", figure.Several(still, "case"))
	}
}

func printChanges(w io.Writer, what string, changes []trend.Change) {
	if len(changes) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", what)
	t := NewTable(w, table.Row{"night", "figure", "change", "95 % interval", "what else changed"}, "change", "95 % interval")
	for _, c := range changes {
		var also []string
		for _, d := range c.Between {
			also = append(also, fmt.Sprintf("%s %s → %s", d.What, Clip(Safe(d.Before), 14), Clip(Safe(d.After), 14)))
		}
		t.AppendRow(table.Row{
			c.First.Time.Local().Format(time.DateOnly), c.Figure, figure.Change(c.Change.Value),
			between(c.Change), orDash(strings.Join(also, "\n")),
		})
	}
	t.Render()
}
