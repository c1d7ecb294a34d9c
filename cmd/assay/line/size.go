package line

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"assay/results"
)

// sizeWords are a number and a unit of 1024.
var sizeWords = regexp.MustCompile(`^([0-9]*\.?[0-9]+) *(?:([KMGTP])(?:I?B)?|B)$`)

// Bytes reads a size with a unit of 1024: 16GiB, 16G, 512MiB. A number alone is
// none: whoever writes 36 means no bytes.
func Bytes(s string) (int64, error) {
	m := sizeWords.FindStringSubmatch(strings.ToUpper(strings.TrimSpace(s)))
	if m == nil {
		return 0, errNoSize
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if m[2] != "" {
		n *= math.Pow(1024, float64(1+strings.Index("KMGTP", m[2])))
	}
	if err != nil || n < 1 || n >= math.MaxInt64 {
		return 0, errNoSize
	}
	return int64(n), nil
}

var errNoSize = errors.New("a size is a number above 0 and a unit, such as 36GiB")

// TokenCounts is a list of numbers of tokens, such as 32768 or 32k.
func TokenCounts() *List[int] {
	return &List[int]{parse: func(s string) ([]int, error) {
		n, err := results.ParseTokens(s)
		if err == nil && n < 1 {
			err = fmt.Errorf("%q is no number of tokens above 0, such as 32768 or 32k", s)
		}
		return []int{n}, err
	}}
}
