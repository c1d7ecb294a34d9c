// Package table reads the tables that are part of the program: CSV with a header,
// whose lines that begin with # are notes for those who read the file. It knows
// no table.
package table

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jszwec/csvutil"
)

// Read takes the rows apart by the csv tags of T's fields. An error names the row.
func Read[T any](text string) ([]T, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	dec, err := csvutil.NewDecoder(r)
	if err != nil {
		return nil, fmt.Errorf("the table has no header: %w", err)
	}
	dec.DisallowMissingColumns = true
	var out []T
	for {
		var row T
		switch err := dec.Decode(&row); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("row %d: %w", len(out)+1, err)
		}
		out = append(out, row)
	}
}

// Must is Read of an embedded table: one that cannot be read is a fault of the
// program, which every test of the package would meet.
func Must[T any](text string) []T {
	rows, err := Read[T](text)
	if err != nil {
		panic("embedded table: " + err.Error())
	}
	return rows
}
