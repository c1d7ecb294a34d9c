package llamabench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// WriteJSON writes rows as llama-bench -o json does.
func WriteJSON(w io.Writer, rows []Row) error {
	if rows == nil {
		rows = []Row{}
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(rows)
}

// WriteJSONL writes rows as llama-bench -o jsonl does.
func WriteJSONL(w io.Writer, rows []Row) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for _, row := range rows {
		if err := out.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

// WriteCSV writes rows as llama-bench -o csv does: every value in quotes.
func WriteCSV(w io.Writer, rows []Row) error {
	out, columns := bufio.NewWriter(w), flat()
	fmt.Fprintln(out, strings.Join(names(columns), ","))
	for _, row := range rows {
		values := make([]string, len(columns))
		for i, c := range columns {
			values[i] = `"` + strings.ReplaceAll(c.text(&row), `"`, `""`) + `"`
		}
		fmt.Fprintln(out, strings.Join(values, ","))
	}
	return out.Flush()
}

func names(columns []column) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.name
	}
	return all
}

// WriteSQL writes rows as llama-bench -o sql does, for sqlite3 to read. Other
// than llama-bench it escapes quotes in values.
func WriteSQL(w io.Writer, rows []Row) error {
	out, columns := bufio.NewWriter(w), flat()
	types := map[reflect.Kind]string{reflect.String: "TEXT", reflect.Int64: "INTEGER", reflect.Float64: "REAL"}
	defs := make([]string, len(columns))
	for i, c := range columns {
		defs[i] = "  " + c.name + " " + types[c.kind]
	}
	fmt.Fprintf(out, "CREATE TABLE IF NOT EXISTS llama_bench (\n%s\n);\n\n", strings.Join(defs, ",\n"))
	for _, row := range rows {
		values := make([]string, len(columns))
		for i, c := range columns {
			values[i] = quote(c, c.text(&row))
		}
		fmt.Fprintf(out, "INSERT INTO llama_bench (%s) VALUES (%s);\n", strings.Join(names(columns), ", "), strings.Join(values, ", "))
	}
	return out.Flush()
}

// quote returns a value for SQL. A NUL would end the statement in sqlite3.
func quote(c column, text string) string {
	if text == "" && c.kind != reflect.String {
		return "NULL"
	}
	text = strings.ReplaceAll(text, "\x00", "")
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}
