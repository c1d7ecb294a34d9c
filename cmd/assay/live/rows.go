package live

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"assay/cmd/assay/show"
	"assay/harness/run"
	"assay/harness/subject"
	"assay/results"
	"assay/results/figure"
)

// rows is the table of timed cases, which is printed a row at a time.
type rows struct {
	items    []subject.Item
	columns  []rowColumn
	coloured bool
	begun    bool
}

func newRows(p run.Planned, coloured bool) *rows {
	p.Items = timedOf(p.Items)
	return &rows{items: p.Items, columns: columnsOf(p), coloured: coloured}
}

// timedOf are the items that have a row of the table.
func timedOf(items []subject.Item) []subject.Item {
	return slices.DeleteFunc(slices.Clone(items), func(it subject.Item) bool { return !it.Timed() })
}

// row is the next row, behind heading and header if it is the first.
func (t *rows) row(r results.Record, after string) string {
	var out strings.Builder
	if !t.begun {
		t.begun = true
		out.WriteString(t.heading(r))
		out.WriteString(t.line(func(c rowColumn) string { return c.head }) + "\n")
	}
	line := t.line(func(c rowColumn) string { return c.cell(r) })
	out.WriteString(t.colour(line) + after + "\n")
	return out.String()
}

func (t *rows) line(cell func(rowColumn) string) string {
	var words []string
	for _, c := range t.columns {
		word := clipMiddle(cell(c), c.width)
		blank := strings.Repeat(" ", max(0, c.width-utf8.RuneCountInString(word)))
		if c.left {
			words = append(words, word+blank)
		} else {
			words = append(words, blank+word)
		}
	}
	return strings.TrimRight(strings.Join(words, "  "), " ")
}

// colour says good and bad, on a terminal.
func (t *rows) colour(line string) string {
	switch {
	case !t.coloured:
	case strings.HasSuffix(line, "✓"):
		return strings.TrimSuffix(line, "✓") + "\x1b[32m✓\x1b[0m"
	case strings.HasSuffix(line, "✗"):
		return strings.TrimSuffix(line, "✗") + "\x1b[31m✗\x1b[0m"
	}
	return line
}

// heading is what all rows have in common, as far as the first one knows it: the
// model, the runtime, threads and settings.
func (t *rows) heading(r results.Record) string {
	names, c := namesOf(t.items), r.Case
	cases := make([]results.Case, len(t.items))
	for i, it := range t.items {
		cases[i] = it.Case
	}
	for _, s := range results.Varying(cases) {
		s.Put(&c, s.Of(results.Case{}))
		for _, follower := range results.Settings { // varies with it
			if follower.Follows == s.Name {
				follower.Put(&c, follower.Of(results.Case{}))
			}
		}
	}
	var common []string
	if !names.several() {
		common = append(common, show.Safe(modelLine(r)))
	}
	if len(names.runtimes) == 1 {
		common = append(common, show.Safe(runtimeLine(r.Runtime, c)))
	}
	if len(common) == 0 {
		return "\n"
	}
	for i := range common {
		common[i] = show.Wrapped(common[i], "")
	}
	if needs := show.Needs([]results.Record{r}); needs != "" && !names.several() {
		common = append(common, strings.TrimSpace(needs))
	}
	return "\n" + strings.Join(common, "\n") + "\n\n"
}

// modelLine is "toy.gguf: SmolLM2 135M, q8_0, 1.77 MiB, 1.85 M parameters".
func modelLine(r results.Record) string {
	if r.Model.Skeleton != "" {
		return modelFacts(r)
	}
	return lastParts(r.Model.Ref, 1) + ": " + modelFacts(r)
}

// modelFacts are the model's own name, its weights' type, size and parameters.
func modelFacts(r results.Record) string {
	words := []string{r.Model.Called()}
	if weights := r.Model.Weights(); weights != "" {
		words = append(words, weights)
	}
	if r.Model.WeightBytes != nil {
		words = append(words, figure.Bytes(*r.Model.WeightBytes))
	}
	if r.Model.NParams != nil {
		words = append(words, figure.Ops(*r.Model.NParams)+" parameters")
	}
	if stand := show.StandIn(r.Model.Skeleton); stand != "" {
		words = append(words, stand)
	}
	return strings.Join(words, ", ")
}

// runtimeLine is "llama.cpp v0.5.0 on CPU, 2 threads, ubatch 64".
func runtimeLine(rt results.Runtime, c results.Case) string {
	line := strings.TrimSuffix(fmt.Sprintf("%s %s on %s", rt.Name, rt.Version, rt.Device), " on ")
	if c.NThreads > 0 {
		line += ", " + figure.Several(c.NThreads, "thread")
	}
	if settings := c.Variant(); settings != "" {
		line += ", " + settings
	}
	return line
}
