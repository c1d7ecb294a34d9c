package show

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/figure"
)

// Diff prints what moved between two runs.
func Diff(w io.Writer, d diff.Diff, alerts []alert.Alert) {
	fmt.Fprintf(w, "%s (%s) against %s (%s)\n", Safe(d.Head.Run), figure.Several(d.Head.Cases, "case"),
		Safe(d.Base.Run), figure.Several(d.Base.Cases, "case"))
	for _, warning := range d.Warnings {
		fmt.Fprintf(w, "warning: %s\n", Safe(warning))
	}
	for _, x := range d.Differs {
		fmt.Fprintf(w, "also differs: %s, %s, then %s (%s)\n", Safe(x.What), orDash(Safe(Clip(x.Base, 24))), orDash(Safe(Clip(x.Head, 24))),
			figure.Several(x.Cases, "case"))
	}
	for _, a := range alerts {
		fmt.Fprintf(w, "\n%s", alert.Text(a))
	}
	printTimings(w, d)
	printUnpaired(w, "only in "+Safe(d.Base.Run), d.OnlyBase)
	printUnpaired(w, "only in "+Safe(d.Head.Run), d.OnlyHead)
	if len(alerts) == 0 && len(d.Cases) > 0 {
		fmt.Fprintf(w, "\nNothing moved in %s.\n", figure.Several(len(d.Cases), "case"))
	}
}

func printTimings(w io.Writer, d diff.Diff) {
	t := NewTable(w, table.Row{"model", "test", "before", "after", "change", "net, 95 %", "finds", ""},
		"before", "after", "change", "net, 95 %", "finds")
	wrapColumn(t, "test", 14)
	rows, apart := 0, keysApart(d.Cases)
	for _, c := range d.Cases {
		if c.Time == nil {
			continue
		}
		rows++
		change, interval, finds := "-", "-", "-"
		if c.Time.Change != nil {
			change = figure.Change(*c.Time.Total)
			interval = between(*c.Time.Change)
			finds = loss(*c.Time.Detectable)
		}
		t.AppendRow(table.Row{Clip(Safe(c.Model), 20), Safe(c.Test + apart[c.Key]), figure.SampleTime(c.Time.BaseNS, c.Tokens),
			figure.SampleTime(c.Time.HeadNS, c.Tokens), change, interval, finds, c.Time.Verdict})
	}
	if rows > 0 {
		fmt.Fprintln(w)
		t.Render()
	}
	for _, g := range d.Groups {
		fmt.Fprintf(w, "%s.\n", Safe(g.String()))
	}
	printNotes(w, d)
}

// keysApart are the runtime, where there are several, and what else tells a case
// from others of the same model and test.
func keysApart(cases []diff.Case) map[results.Key]string {
	runtimes, same := map[string]bool{}, map[string][]diff.Case{}
	for _, c := range cases {
		runtimes[c.Runtime] = true
		test := c.Runtime + " " + c.Model + " " + c.Test
		same[test] = append(same[test], c)
	}
	out := map[results.Key]string{}
	for _, group := range same {
		for i, words := range wordsApart(group) {
			if len(runtimes) > 1 {
				words = append([]string{group[i].Runtime}, words...)
			}
			if len(words) > 0 {
				out[group[i].Key] = " " + strings.Join(words, " ")
			}
		}
	}
	return out
}

// wordsApart are the weights' type, the file, the skeleton and the settings in which a case
// differs from another of the group.
func wordsApart(group []diff.Case) [][]string {
	settings := make([]results.Case, len(group))
	for i, c := range group {
		settings[i] = c.Case
	}
	out := results.Apart(settings)
	for _, of := range []func(diff.Case) string{
		func(c diff.Case) string { return c.Skeleton }, func(c diff.Case) string { return c.File },
		func(c diff.Case) string { return c.WeightType },
	} {
		if !slices.ContainsFunc(group, func(c diff.Case) bool { return of(c) != of(group[0]) }) {
			continue
		}
		for i, c := range group {
			if word := of(c); word != "" {
				out[i] = append([]string{word}, out[i]...)
			}
		}
	}
	return out
}

// printNotes prints each note once, with how many cases it is about.
func printNotes(w io.Writer, d diff.Diff) {
	seen := map[string]int{}
	var order []string
	for _, c := range d.Cases {
		for _, n := range c.Notes {
			if seen[n]++; seen[n] == 1 {
				order = append(order, n)
			}
		}
	}
	for _, n := range order {
		fmt.Fprintf(w, "note (%s): %s\n", figure.Several(seen[n], "case"), Safe(n))
	}
}

// between prints the bounds of a relative change.
func between(i results.Interval) string {
	return figure.Between(i.Lo, i.Hi)
}

func printUnpaired(w io.Writer, what string, keys []results.Key) {
	if len(keys) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", what)
	for _, key := range keys {
		fmt.Fprintf(w, "  %s\n", strings.TrimSpace(Safe(string(key))))
	}
}

// loss is one of speed that would have been found.
func loss(x float64) string {
	if x > 0.95 {
		return "nothing"
	}
	return figure.Percent(x)
}
