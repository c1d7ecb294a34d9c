package roofline

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
)

// csvRow is one row of an embedded table, by column name.
type csvRow map[string]string

// number is the value of a column; false where the table has none.
func (r csvRow) number(column string) (float64, bool) {
	v, err := strconv.ParseFloat(r[column], 64)
	return v, err == nil
}

// readCSV reads a table with a header row; lines that begin with # are its source note.
func readCSV(text string) ([]csvRow, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	lines, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("the table has no header")
	}
	rows := make([]csvRow, len(lines)-1)
	for i, line := range lines[1:] {
		rows[i] = csvRow{}
		for j, column := range lines[0] {
			rows[i][column] = line[j]
		}
	}
	return rows, nil
}

// mustReadCSV reads a table that is part of the program; its tests read it too.
func mustReadCSV(text string) []csvRow {
	rows, err := readCSV(text)
	if err != nil {
		panic("embedded table: " + err.Error())
	}
	return rows
}
