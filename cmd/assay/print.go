package main

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// printJSON writes v indented, as --json promises: data only, nothing around it.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// output is a table in the making.
type output struct {
	table.Writer
	to      io.Writer
	columns []table.ColumnConfig
}

// Render prints the table without the blanks that its last column ends in.
func (t *output) Render() string {
	var out strings.Builder
	for line := range strings.Lines(t.Writer.Render()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	_, _ = io.WriteString(t.to, out.String()) // as go-pretty's own mirror
	return out.String()
}

// RenderMarkdown prints the table as Markdown.
func (t *output) RenderMarkdown() string {
	out := t.Writer.RenderMarkdown() + "\n"
	_, _ = io.WriteString(t.to, out)
	return out
}

// newTable returns a table in the one style that every command uses: no box,
// columns named by right, as header names, aligned to the right.
func newTable(w io.Writer, header table.Row, right ...string) *output {
	t := &output{Writer: table.NewWriter(), to: w}
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Format.Header = text.FormatDefault
	t.Style().Box.PaddingLeft = ""
	t.Style().Box.PaddingRight = "  "
	t.AppendHeader(header)
	for _, name := range right {
		t.column(table.ColumnConfig{Name: name, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	return t
}

func (t *output) column(c table.ColumnConfig) {
	t.columns = append(t.columns, c)
	t.SetColumnConfigs(t.columns)
}

// leaveOut hides a column if nothing is in it.
func (t *output) leaveOut(name string, empty bool) {
	if empty {
		t.column(table.ColumnConfig{Name: name, Hidden: true})
	}
}

// wrapColumn wraps a column at so many characters.
func wrapColumn(t *output, name string, width int) {
	t.column(table.ColumnConfig{Name: name, WidthMax: width, WidthMaxEnforcer: text.WrapSoft})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// wrapped breaks text at words into lines of 80 columns, each indented; a word
// that is longer is broken itself.
func wrapped(line, indent string) string {
	lines := strings.Split(text.WrapSoft(line, 80-len(indent)), "\n")
	for i, l := range lines {
		lines[i] = indent + strings.TrimSpace(l)
	}
	return strings.Join(lines, "\n")
}
