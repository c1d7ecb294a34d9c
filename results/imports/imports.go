// Package imports reads runs from files: assay's own records, and what
// llama-bench and mlx_lm.benchmark wrote. It tells the formats apart by their
// content. It knows nothing of the store.
package imports

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"
	"time"

	"assay/results"
	"assay/results/jsonl"
	"assay/results/llamabench"
)

// format is one kind of file: whether a text is of it, and its runs.
type format struct {
	name string
	is   func(text []byte) bool
	read func(text []byte, source string, o Options) ([]results.Run, error)
}

var formats = []format{
	{"assay's records", startsWith(`{`, `"run_id"`), records},
	{"llama-bench JSON Lines", hasLine(`^\s*\{.*"build_commit"`), llamaBench(llamabench.ReadJSONL)},
	{"llama-bench JSON", hasLine(`^\s*\[\s*(\{|\]|$)`), llamaBench(llamabench.ReadJSON)},
	{"llama-bench CSV", hasLine(`^"?build_commit"?,`), llamaBench(llamabench.ReadCSV)},
	{"llama-bench SQL", isSQL, llamaBench(llamabench.ReadSQL)},
	{"mlx_lm.benchmark", isMLX, mlxLM},
	{"CSV of speeds", isCSV, speeds},
}

// ReadFile reads the runs of a file of any known format, or of the SQLite
// database that llama-bench's SQL was read into.
func ReadFile(name string, o Options) ([]results.Run, error) {
	text, err := readRegular(name)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(text, []byte("SQLite format 3\x00")) {
		table, err := readDatabase(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return finish(table, name, o), nil
	}
	if info, err := os.Stat(name); err == nil && o.Time.IsZero() {
		o.Time = info.ModTime().UTC().Truncate(time.Second)
	}
	return Read(text, name, o)
}

// mostBytes bounds a file: a year of nights of a thousand cases has a tenth of it.
const mostBytes = 1 << 30

// readRegular reads a file that has an end: not a pipe, nor a device.
func readRegular(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe must not wait for a writer
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder; name a file", results.Printable(name))
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file; write it to one and name that", results.Printable(name))
	case info.Size() > mostBytes:
		return nil, fmt.Errorf("%s has %d bytes; at most %d are read", results.Printable(name), info.Size(), mostBytes)
	}
	text, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err == nil && len(text) > mostBytes {
		err = fmt.Errorf("%s has more than %d bytes", results.Printable(name), mostBytes)
	}
	return text, err
}

// Read reads the runs of a text of any known format; source stands in errors
// and as the runs' source.
func Read(text []byte, source string, o Options) ([]results.Run, error) {
	text, err := utf8Text(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, fmt.Errorf("%s holds no record", source)
	}
	if bytes.HasPrefix(text, []byte("GGUF")) {
		return nil, fmt.Errorf("%s is a model and holds no results; 'assay run -m' measures it", source)
	}
	for _, f := range formats {
		if f.is(text) {
			runs, err := f.read(text, source, o)
			if err == nil && len(runs) == 0 {
				err = fmt.Errorf("%s is %s without a result", source, f.name)
			}
			return runs, err
		}
	}
	if bytes.Contains(text, []byte("| ----")) {
		return nil, fmt.Errorf("%s is llama-bench's table for people; run llama-bench with -o jsonl", source)
	}
	return nil, fmt.Errorf("%s is of no known format: assay's records, llama-bench -o json, jsonl, csv or sql, the output of "+
		"mlx_lm.benchmark, or a CSV with columns for model and tokens_per_s", source)
}

// hasLine recognises a text by one of its lines: what a library printed on
// standard error may stand in front of it in the same file.
func hasLine(pattern string) func([]byte) bool {
	return regexp.MustCompile("(?m)" + pattern).Match
}

// startsWith recognises a text by its first byte and a part of its first line.
func startsWith(first, part string) func([]byte) bool {
	return func(text []byte) bool {
		text = bytes.TrimSpace(text)
		line, _, _ := bytes.Cut(text, []byte("\n"))
		return bytes.HasPrefix(text, []byte(first)) && bytes.Contains(line, []byte(part))
	}
}

func isSQL(text []byte) bool {
	return bytes.Contains(text, []byte("INSERT INTO llama_bench")) || bytes.Contains(text, []byte("TABLE IF NOT EXISTS llama_bench"))
}

func records(text []byte, source string, _ Options) ([]results.Run, error) {
	return jsonl.ReadRuns(bytes.NewReader(text), source)
}

func llamaBench(read func([]byte) (llamabench.Table, error)) func([]byte, string, Options) ([]results.Run, error) {
	return func(text []byte, source string, o Options) ([]results.Run, error) {
		table, err := read(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		return finish(table, source, o), nil
	}
}

// mostSkipped is how many rows that were left out are named one by one.
const mostSkipped = 3

// finish makes runs of rows, on the machine of the options. The rows that were
// left out are counted on the last run.
func finish(table llamabench.Table, source string, o Options) []results.Run {
	runs := llamabench.ToRuns(table.Rows, source)
	for _, run := range runs {
		for i := range run.Records {
			chip := run.Records[i].Host.Chip
			run.Records[i].Host = o.Host
			if chip != "" {
				run.Records[i].Host.Chip = chip
			}
		}
	}
	if n := len(table.Skipped); n > 0 && len(runs) > 0 {
		said := make([]string, 0, mostSkipped+1)
		for _, err := range table.Skipped[:min(n, mostSkipped)] {
			said = append(said, err.Error())
		}
		if n > mostSkipped {
			said = append(said, "…")
		}
		last := &runs[len(runs)-1]
		last.Warnings = append(last.Warnings, fmt.Sprintf("%s: %d of %d rows cannot be read and are left out (%s)",
			source, n, n+len(table.Rows), strings.Join(said, "; ")))
	}
	return runs
}
