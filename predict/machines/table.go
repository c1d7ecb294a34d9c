package machines

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
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
