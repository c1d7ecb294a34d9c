package line

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
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
		n, err := Tokens(s)
		return []int{n}, err
	}}
}

// Tokens reads a number of tokens with a unit of 1024.
func Tokens(s string) (int, error) {
	digits, unit := strings.ToLower(strings.TrimSpace(s)), 1
	switch {
	case strings.HasSuffix(digits, "k"):
		digits, unit = strings.TrimSuffix(digits, "k"), 1<<10
	case strings.HasSuffix(digits, "m"):
		digits, unit = strings.TrimSuffix(digits, "m"), 1<<20
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > math.MaxInt32/unit {
		return 0, fmt.Errorf("%q is no number of tokens above 0, such as 32768 or 32k", s)
	}
	return n * unit, nil
}
