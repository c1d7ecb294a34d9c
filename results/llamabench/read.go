package llamabench

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Table is what a file of llama-bench holds. A row that cannot be read costs
// itself: Skipped says where it stands and why.
type Table struct {
	Rows    []Row
	Skipped []error
}

// add takes a row, or the reason why there is none at this place.
func (t *Table) add(row Row, err error, place string, at int) {
	if err != nil {
		t.Skipped = append(t.Skipped, fmt.Errorf("%s %d: %w", place, at, err))
		return
	}
	t.Rows = append(t.Rows, row)
}

// AddColumns takes the row that the values of named columns make, the one at
// this place of a database.
func (t *Table) AddColumns(names, values []string, at int) {
	row, err := FromColumns(names, values)
	t.add(row, err, "row", at)
}

// Result refuses a table of which nothing could be read.
func (t Table) Result() (Table, error) {
	if len(t.Rows) == 0 && len(t.Skipped) > 0 {
		return t, t.Skipped[0]
	}
	return t, nil
}

// arrayStart is a line with which llama-bench's JSON can begin.
var arrayStart = regexp.MustCompile(`(?m)^\s*\[\s*(\{|\]|$)`)

// ReadJSON reads what llama-bench -o json wrote, whatever else was written
// around it: with standard error in the same file, lines of the library stand
// in front of the array.
func ReadJSON(text []byte) (Table, error) {
	text = plainNumbers(text)
	var first error
	for _, at := range arrayStart.FindAllIndex(text, -1) {
		table, err := readArray(text[at[0]:])
		if err == nil {
			return table.Result()
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = errors.New("no line begins an array")
	}
	return Table{}, fmt.Errorf("it is not llama-bench's JSON: %w", first)
}

// readArray reads the objects of one array. Of an array that breaks off, which
// an interrupted llama-bench leaves, the whole objects are read.
func readArray(text []byte) (Table, error) {
	var table Table
	in := json.NewDecoder(bytes.NewReader(text))
	if _, err := in.Token(); err != nil {
		return table, err
	}
	for at := 1; in.More(); at++ {
		var one json.RawMessage
		if err := in.Decode(&one); err != nil {
			if len(table.Rows) == 0 {
				return table, err
			}
			table.Skipped = append(table.Skipped, fmt.Errorf("test %d: the file breaks off in it", at))
			return table, nil
		}
		row, err := fromJSON(one)
		table.add(row, err, "test", at)
	}
	return table, nil
}

// ReadJSONL reads what llama-bench -o jsonl wrote. Lines that are no object,
// such as a library's own, are passed over.
func ReadJSONL(text []byte) (Table, error) {
	var table Table
	at := 0
	for line := range bytes.Lines(plainNumbers(text)) {
		at++
		line = bytes.TrimSpace(line)
		if !bytes.HasPrefix(line, []byte("{")) {
			continue
		}
		row, err := fromJSON(line)
		if err != nil && !json.Valid(line) {
			err = fmt.Errorf("the line breaks off or is damaged: %w", err)
		}
		table.add(row, err, "line", at)
	}
	return table.Result()
}

// notANumber is what C prints for a figure that is none; JSON has no word for it.
var notANumber = regexp.MustCompile(`(":\s*)-?(?:nan|inf|NaN|Infinity)\b`)

func plainNumbers(text []byte) []byte { return notANumber.ReplaceAll(text, []byte("${1}null")) }

func fromJSON(text []byte) (Row, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return Row{}, err
	}
	row := defaults()
	for _, c := range flat() {
		raw, ok := fields[c.name]
		if !ok {
			continue
		}
		if err := c.take(&row, plainText(raw)); err != nil {
			return row, err
		}
	}
	for name, list := range map[string]any{"samples_ns": &row.SamplesNS, "samples_ts": &row.SamplesTS} {
		if raw, ok := fields[name]; ok {
			if err := json.Unmarshal(raw, list); err != nil {
				return row, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	for i, ns := range row.SamplesNS {
		if ns <= 0 {
			return row, fmt.Errorf("samples_ns[%d] is %d; a test takes at least 1 ns", i, ns)
		}
	}
	return row, row.check()
}

// plainText is a JSON value as CSV has it: null is empty, a switch 0 or 1, and
// a list the form in which older releases wrote it, parts between slashes.
func plainText(raw json.RawMessage) string {
	var v any
	in := json.NewDecoder(bytes.NewReader(raw))
	in.UseNumber()
	if in.Decode(&v) != nil {
		return string(raw)
	}
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return "1"
		}
		return "0"
	case string:
		return v
	case json.Number:
		return v.String()
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = fmt.Sprint(part)
			if n, ok := part.(json.Number); ok {
				if f, err := n.Float64(); err == nil {
					parts[i] = strconv.FormatFloat(f, 'f', 2, 64)
				}
			}
		}
		return strings.Join(parts, "/")
	default:
		return string(raw)
	}
}

// headerLine is the line with which llama-bench's CSV begins.
var headerLine = regexp.MustCompile(`(?m)^"?build_commit"?,`)

// ReadCSV reads what llama-bench -o csv wrote, whatever stands in front of it.
func ReadCSV(text []byte) (Table, error) {
	var table Table
	start := headerLine.FindIndex(text)
	if start == nil {
		return table, errors.New("it is not llama-bench's CSV: no line begins with build_commit")
	}
	above := bytes.Count(text[:start[0]], []byte("\n"))
	in := csv.NewReader(bytes.NewReader(text[start[0]:]))
	in.FieldsPerRecord = -1
	header, err := in.Read()
	if err != nil {
		return table, fmt.Errorf("it is not llama-bench's CSV: %w", err)
	}
	for {
		values, err := in.Read()
		if err == io.EOF {
			return table.Result()
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			table.add(Row{}, broken.Err, "line", above+broken.Line)
			continue
		}
		if err != nil {
			return table, err
		}
		line, _ := in.FieldPos(0)
		row, err := FromColumns(header, values)
		table.add(row, err, "line", above+line)
	}
}
