package llamabench

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ReadJSON reads what llama-bench -o json wrote.
func ReadJSON(text []byte) ([]Row, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("it is not llama-bench's JSON: %w", err)
	}
	var rows []Row
	for i, one := range raw {
		row, err := fromJSON(one)
		if err != nil {
			return nil, fmt.Errorf("test %d: %w", i+1, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// ReadJSONL reads what llama-bench -o jsonl wrote. Half a line at the end is
// left out and reported in cut.
func ReadJSONL(text []byte) (rows []Row, cut bool, err error) {
	lines := bytes.Split(text, []byte("\n"))
	for i, line := range lines {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		row, err := fromJSON(line)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) && i == len(lines)-1 && len(rows) > 0 {
			return rows, true, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("line %d: %w", i+1, err)
		}
		rows = append(rows, row)
	}
	return rows, false, nil
}

func fromJSON(text []byte) (Row, error) {
	row := defaults()
	if err := json.Unmarshal(text, &row); err != nil {
		return row, err
	}
	for i, ns := range row.SamplesNS {
		if ns <= 0 {
			return row, fmt.Errorf("samples_ns[%d] is %d; a test takes at least 1 ns", i, ns)
		}
	}
	return row, row.check()
}

// ReadCSV reads what llama-bench -o csv wrote.
func ReadCSV(text []byte) ([]Row, error) {
	in := csv.NewReader(bytes.NewReader(text))
	in.FieldsPerRecord = -1
	header, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("it is not llama-bench's CSV: %w", err)
	}
	var rows []Row
	for {
		values, err := in.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		row, err := FromColumns(header, values)
		if err != nil {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		rows = append(rows, row)
	}
}
