package show

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"assay/predict/builder"
	"assay/results/figure"
)

// Findings prints what a model is, and the checks that failed.
func Findings(w io.Writer, m builder.Model) {
	c := m.Config()
	fmt.Fprintf(w, "%s: %d parameters (%s), %d layers\n", Safe(c.Name), c.TotalParams, c.TotalParamsFormatted, c.NumLayers)
	if c.DraftParams > 0 {
		fmt.Fprintf(w, "and %d in blocks for multi-token prediction, which the count leaves out\n", c.DraftParams)
	}
	bad := m.Discrepancies()
	if len(bad) == 0 {
		fmt.Fprintf(w, "all %d checks hold\n", len(m.Checks))
		return
	}
	fmt.Fprintf(w, "%d of %d checks failed\n", len(bad), len(m.Checks))
	t := NewTable(w, table.Row{"what", "held against", "found"})
	for _, name := range []string{"what", "held against", "found"} {
		wrapColumn(t, name, 24)
	}
	for _, b := range bad {
		t.AppendRow(table.Row{Safe(b.Name), Safe(b.Want), Safe(b.Have)})
	}
	t.Render()
}

// Layers prints the classes of layers, with what they cost.
func Layers(w io.Writer, m builder.Model) {
	fmt.Fprintln(w)
	t := NewTable(w, table.Row{"class", "count", "parameters", "FLOPs/token", "KV/token", "weights"},
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
		t.AppendRow(table.Row{"none: " + Clip(Safe(g.Name), 20), g.Count, g.Params(), "-", "-", "-"})
	}
	t.Render()
}

// Gaps prints the kinds of layer that have no class.
func Gaps(w io.Writer, m builder.Model) {
	fmt.Fprintf(w, "\n%d kinds of layer have no class\n", len(m.Gaps))
	t := NewTable(w, table.Row{"layer", "count", "tensors", "report"}, "count", "tensors")
	for _, g := range m.Gaps {
		tensors := 0
		for _, p := range g.Tensors {
			tensors += p.Count
		}
		t.AppendRow(table.Row{Clip(Safe(g.Name), 20), g.Count, tensors, m.GapFile(g)})
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

// Classes prints the layer classes of all models.
func Classes(w io.Writer, asJSON bool) error {
	var list []listedClass
	for _, c := range builder.Classes() {
		one := listedClass{Class: c.Name, Name: c.Label, Does: c.Does, Dimensions: c.Dimensions(), Costs: c.Costs(), Parallelism: c.Parallelism()}
		for _, slot := range c.Slots {
			one.Tensors = append(one.Tensors, slot.Name+": "+strings.Join(slot.Names(), " | "))
		}
		list = append(list, one)
	}
	if asJSON {
		return JSON(w, list)
	}
	for i, c := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s (%s)\n%s\n", c.Class, c.Name, Wrapped(c.Does, "  "))
		for _, part := range []struct {
			name  string
			lines []string
		}{{"tensors", c.Tensors}, {"dimensions", c.Dimensions}, {"a token", c.Costs}, {"split", c.Parallelism}} {
			if len(part.lines) > 0 {
				fmt.Fprintln(w, "  "+part.name)
			}
			for _, line := range part.lines {
				fmt.Fprintln(w, Wrapped(breakable(line), "    "))
			}
		}
	}
	return nil
}
