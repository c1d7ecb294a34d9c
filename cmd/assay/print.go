package main

import (
	"encoding/json"
	"io"
	"maps"
	"slices"

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

// newTable returns a table in the one style that every command uses: no box,
// columns named by right, as header names, aligned to the right.
func newTable(w io.Writer, header table.Row, right ...string) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Format.Header = text.FormatDefault
	t.Style().Box.PaddingLeft = ""
	t.Style().Box.PaddingRight = "  "
	t.AppendHeader(header)
	configs := make([]table.ColumnConfig, 0, len(right))
	for _, name := range right {
		configs = append(configs, table.ColumnConfig{Name: name, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
	return t
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// limitColumn wraps a column at so many characters.
func limitColumn(t table.Writer, name string, width int) {
	t.SetColumnConfigs([]table.ColumnConfig{{Name: name, WidthMax: width, WidthMaxEnforcer: text.WrapSoft}})
}
