package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/predict/builder"
	"assay/results/figure"
)

func showFindings(s streams, m builder.Model) {
	c := m.Config()
	fmt.Fprintf(s.out, "%s: %d parameters (%s), %d layers\n", safe(c.Name), c.TotalParams, c.TotalParamsFormatted, c.NumLayers)
	if c.DraftParams > 0 {
		fmt.Fprintf(s.out, "and %d in blocks for multi-token prediction, which the count leaves out\n", c.DraftParams)
	}
	bad := m.Discrepancies()
	if len(bad) == 0 {
		fmt.Fprintf(s.out, "all %d checks hold\n", len(m.Checks))
		return
	}
	fmt.Fprintf(s.out, "%d of %d checks failed\n", len(bad), len(m.Checks))
	t := newTable(s.out, table.Row{"what", "held against", "found"})
	for _, name := range []string{"what", "held against", "found"} {
		wrapColumn(t, name, 24)
	}
	for _, b := range bad {
		t.AppendRow(table.Row{safe(b.Name), safe(b.Want), safe(b.Have)})
	}
	t.Render()
}

func showLayers(s streams, m builder.Model) {
	fmt.Fprintln(s.out)
	t := newTable(s.out, table.Row{"class", "count", "parameters", "FLOPs/token", "KV/token", "weights"},
		"count", "parameters", "FLOPs/token", "KV/token", "weights")
	for _, l := range m.Layers {
		one := l.Cost(builder.OneToken())
		flops := (one.WeightFLOPs + one.MixingFLOPs) * l.Count()
		t.AppendRow(table.Row{strings.TrimSuffix(l.Class.Name, "Layer"), l.Count(), one.Params * l.Count(), opsOf(&flops),
			figure.Bytes(one.KVBytes * l.Count()), figure.Bytes(l.WeightBytes)})
	}
	for _, l := range m.Drafts {
		t.AppendRow(table.Row{"draft: " + strings.TrimSuffix(l.Class.Name, "Layer"), l.Count(),
			l.Cost(builder.OneToken()).Params * l.Count(), "-", "-", figure.Bytes(l.WeightBytes)})
	}
	for _, g := range m.Gaps {
		t.AppendRow(table.Row{"none: " + clip(safe(g.Name), 20), g.Count, g.Params(), "-", "-", "-"})
	}
	t.Render()
}

func showGaps(s streams, m builder.Model) {
	fmt.Fprintf(s.out, "\n%d kinds of layer have no class\n", len(m.Gaps))
	t := newTable(s.out, table.Row{"layer", "count", "tensors", "report"}, "count", "tensors")
	for _, g := range m.Gaps {
		tensors := 0
		for _, p := range g.Tensors {
			tensors += p.Count
		}
		t.AppendRow(table.Row{clip(safe(g.Name), 20), g.Count, tensors, m.GapFile(g)})
	}
	t.Render()
}

// breakable lets a pattern that is longer than a line be broken between its
// alternatives, not within a name.
func breakable(line string) string {
	words := strings.Fields(line)
	for i, word := range words {
		if len(word) > 76 {
			words[i] = strings.ReplaceAll(word, "|", "| ")
		}
	}
	return strings.Join(words, " ")
}

// listedClass is a layer class as --layers --json prints it.
type listedClass struct {
	Class       string   `json:"class"`
	Name        string   `json:"name"`
	Does        string   `json:"does"`
	Tensors     []string `json:"tensors"`
	Dimensions  []string `json:"dimensions,omitempty"`
	Costs       []string `json:"costs,omitempty"`
	Parallelism []string `json:"parallelism"`
}

func listClasses(s streams, args []string, asJSON bool) error {
	if len(args) > 0 {
		return usagef("--layers lists the classes of all models and takes none, have %q", args[0])
	}
	var list []listedClass
	for _, c := range builder.Classes() {
		one := listedClass{Class: c.Name, Name: c.Label, Does: c.Does, Dimensions: c.Dimensions(), Costs: c.Costs(), Parallelism: c.Parallelism()}
		for _, slot := range c.Slots {
			one.Tensors = append(one.Tensors, slot.Name+": "+strings.Join(slot.Names(), " | "))
		}
		list = append(list, one)
	}
	if asJSON {
		return printJSON(s.out, list)
	}
	for i, c := range list {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		fmt.Fprintf(s.out, "%s (%s)\n%s\n", c.Class, c.Name, wrapped(c.Does, "  "))
		for _, part := range []struct {
			name  string
			lines []string
		}{{"tensors", c.Tensors}, {"dimensions", c.Dimensions}, {"a token", c.Costs}, {"split", c.Parallelism}} {
			if len(part.lines) > 0 {
				fmt.Fprintln(s.out, "  "+part.name)
			}
			for _, line := range part.lines {
				fmt.Fprintln(s.out, wrapped(breakable(line), "    "))
			}
		}
	}
	return nil
}
