package show

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/results"
	"assay/results/figure"
)

// Verdicts shows, for each rule set and model, which figures the
// measurement refutes, by how much at worst, and the fact that matters most.
func Verdicts(w io.Writer, records []results.Record) {
	refuted := refutations(records)
	if len(refuted) == 0 {
		return
	}
	fmt.Fprint(w, "\nRival rules, as far as these measurements refute them\n")
	subject := ""
	t := NewTable(w, table.Row{"rules and model", "figure", "off by", "chiefly because it assumes"}, "off by")
	wrapColumn(t, "chiefly because it assumes", 38)
	wrapColumn(t, "rules and model", 17)
	for _, v := range refuted {
		name := ""
		if v.subject != subject {
			name, subject = v.subject, v.subject
		}
		t.AppendRow(table.Row{name, v.worst.Figure, percent(v.worst), Safe(v.worst.Chief)})
	}
	t.Render()
}

// ChiefVerdicts shows each rule set's worst figures, a line each.
func ChiefVerdicts(w io.Writer, records []results.Record) {
	worst := map[string]results.Verdict{}
	for _, r := range records {
		for _, v := range r.Verdicts {
			key := v.Rules + "\x00" + v.Figure
			if old, ok := worst[key]; !v.Confirmed && (!ok || off(v) > off(old)) {
				worst[key] = v
			}
		}
	}
	if len(worst) == 0 {
		return
	}
	all := slices.SortedFunc(maps.Values(worst), func(a, b results.Verdict) int { return cmp.Compare(off(b), off(a)) })
	fmt.Fprint(w, "\nRules of others, at their worst here ('--rules all' shows them in full):\n")
	for _, v := range all[:min(4, len(all))] {
		fmt.Fprintln(w, Clip(fmt.Sprintf("  %s, %s: %s off, %s", v.Rules, v.Figure, percent(v), Safe(v.Chief)), Columns))
	}
}

// refutation is one figure of one rule set for one model, at its worst.
type refutation struct {
	subject string
	worst   results.Verdict
}

func refutations(records []results.Record) []refutation {
	type key struct{ subject, figure string }
	worst := map[key]results.Verdict{}
	for _, r := range records {
		for _, v := range r.Verdicts {
			k := key{v.Rules + ", " + Clip(Safe(r.Model.Name), 30), v.Figure}
			if old, ok := worst[k]; !v.Confirmed && (!ok || off(v) > off(old)) {
				worst[k] = v
			}
		}
	}
	var out []refutation
	for k, v := range worst {
		out = append(out, refutation{k.subject, v})
	}
	slices.SortFunc(out, func(a, b refutation) int {
		return cmp.Or(strings.Compare(a.subject, b.subject), strings.Compare(a.worst.Figure, b.worst.Figure))
	})
	return out
}

func off(v results.Verdict) float64 {
	d := float64(v.Predicted-v.Measured) / float64(max(v.Measured, 1))
	return max(d, -d)
}

func percent(v results.Verdict) string {
	if v.Predicted == v.Measured {
		return "which" // the number is right, what it counts is not
	}
	return figure.Off(float64(v.Predicted-v.Measured) / float64(max(v.Measured, 1)))
}
