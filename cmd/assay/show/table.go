// Package show prints: tables, headings, sentences. It decides nothing and loads
// nothing; what it prints is handed to it.
package show

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// Field prints one line of a list, and nothing for what is not known.
func Field(w io.Writer, name, value string) {
	if value != "" {
		fmt.Fprintf(w, "  %-8s %s\n", name, Safe(value))
	}
}

// JSON writes v indented, as --json promises: data only, nothing around it.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// Table is a table in the making.
type Table struct {
	table.Writer
	to      io.Writer
	columns []table.ColumnConfig
}

// Render prints the table without the blanks that its last column ends in.
func (t *Table) Render() string {
	var out strings.Builder
	for line := range strings.Lines(t.Writer.Render()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	_, _ = io.WriteString(t.to, out.String()) // as go-pretty's own mirror
	return out.String()
}

// RenderMarkdown prints the table as Markdown.
func (t *Table) RenderMarkdown() string {
	out := t.Writer.RenderMarkdown() + "\n"
	_, _ = io.WriteString(t.to, out)
	return out
}

// NewTable returns a table in the one style that every command uses: no box,
// columns named by right, as header names, aligned to the right.
func NewTable(w io.Writer, header table.Row, right ...string) *Table {
	t := &Table{Writer: table.NewWriter(), to: w}
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

func (t *Table) column(c table.ColumnConfig) {
	t.columns = append(t.columns, c)
	t.SetColumnConfigs(t.columns)
}

// leaveOut hides a column if nothing is in it.
func (t *Table) leaveOut(name string, empty bool) {
	if empty {
		t.column(table.ColumnConfig{Name: name, Hidden: true})
	}
}

// wrapColumn wraps a column at so many characters.
func wrapColumn(t *Table, name string, width int) {
	t.column(table.ColumnConfig{Name: name, WidthMax: width, WidthMaxEnforcer: text.WrapSoft})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Columns is how wide a screen is, and no line wider.
const Columns = 80

// Wrapped breaks text at words into lines of so many columns, each indented; a word
// that is longer is broken itself.
func Wrapped(line, indent string) string {
	lines := strings.Split(text.WrapSoft(line, Columns-len(indent)), "\n")
	for i, l := range lines {
		lines[i] = indent + strings.TrimSpace(l)
	}
	return strings.Join(lines, "\n")
}
