// Package export writes runs in the formats of other tools. Each format is a
// file of its own and one line in the table below. It knows nothing of the
// store; what it writes is data that another program reads, so every name in
// it is escaped or replaced as that format demands.
package export

import (
	"fmt"
	"io"
	"strings"

	"assay/results"
	"assay/results/jsonl"
	"assay/results/llamabench"
)

// Format is a way to write runs.
type Format struct {
	Name string
	// Does says in a few words what it is and who reads it.
	Does  string
	Write func(io.Writer, []results.Run) error
}

// Formats lists the formats in the order in which help shows them.
func Formats() []Format {
	return []Format{
		{"jsonl", "records as JSON Lines, as 'assay run --out' writes them", writeRecords},
		{"csv", "one row a case, for a spreadsheet", writeCSV},
		{"gobench", "Go benchmark format, for benchstat", writeGoBench},
		{"action-benchmark", "last run, for github-action-benchmark", writeActionBenchmark},
		{"bencher", "last run, for 'bencher run --adapter json'", writeBencher},
		{"badge", "last run as an SVG badge", writeBadge},
		{"prometheus", "last run, for the node exporter's textfile collector", writePrometheus},
		{"llama-bench-json", "llama-bench -o json", timed(llamabench.WriteJSON)},
		{"llama-bench-jsonl", "llama-bench -o jsonl", timed(llamabench.WriteJSONL)},
		{"llama-bench-csv", "llama-bench -o csv", timed(llamabench.WriteCSV)},
		{"llama-bench-md", "llama-bench -o md: a table for an issue", timed(llamabench.WriteMarkdown)},
		{"llama-bench-sql", "llama-bench -o sql, for sqlite3", timed(llamabench.WriteSQL)},
	}
}

// Write writes the runs in the named format.
func Write(w io.Writer, name string, runs []results.Run) error {
	var names []string
	for _, f := range Formats() {
		if f.Name == name {
			if err := f.Write(w, runs); err != nil {
				return fmt.Errorf("export as %s: %w", name, err)
			}
			return nil
		}
		names = append(names, f.Name)
	}
	return fmt.Errorf("there is no export format %q; there are %s", name, strings.Join(names, ", "))
}

// writeRecords writes every record as it is.
func writeRecords(w io.Writer, runs []results.Run) error {
	out := jsonl.NewWriter(w)
	for _, run := range runs {
		for _, rec := range run.Records {
			if err := out.Write(rec); err != nil {
				return err
			}
		}
	}
	return nil
}

// timed makes a format of one that holds timed cases only.
func timed(write func(io.Writer, []llamabench.Row) error) func(io.Writer, []results.Run) error {
	return func(w io.Writer, runs []results.Run) error {
		var rows []llamabench.Row
		for _, run := range runs {
			rows = append(rows, llamabench.FromRecords(run.Records)...)
		}
		if len(rows) == 0 {
			return fmt.Errorf("no case was timed and succeeded, and the format holds no others")
		}
		return write(w, rows)
	}
}
