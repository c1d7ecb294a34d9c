package machines

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/jszwec/csvutil"
)

//go:embed data/chips.csv
var chipsCSV string

//go:embed data/macs.csv
var macsCSV string

//go:embed data/limits.csv
var limitsCSV string

// list is a column with several numbers, separated by semicolons.
type list []int

// UnmarshalCSV reads "8;16;24".
func (l *list) UnmarshalCSV(text []byte) error {
	for word := range strings.SplitSeq(string(text), ";") {
		n, err := strconv.Atoi(word)
		if err != nil {
			return fmt.Errorf("%q is no list of whole numbers", text)
		}
		*l = append(*l, n)
	}
	return nil
}

// rows reads an embedded table with a header; lines that begin with # are its
// notes. The tables are part of the program: a wrong one fails every test.
func rows[T any](text string) []T {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	var out []T
	dec, err := csvutil.NewDecoder(r)
	for err == nil {
		var row T
		if err = dec.Decode(&row); err == nil {
			out = append(out, row)
		}
	}
	if !errors.Is(err, io.EOF) {
		panic("embedded table: " + err.Error())
	}
	return out
}
