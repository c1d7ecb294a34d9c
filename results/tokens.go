package results

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseTokens reads a number of tokens, in units of 1024 with a k behind it and of
// 1024² with an m: 32768 or 32k.
func ParseTokens(text string) (int, error) {
	digits, unit := strings.ToLower(strings.TrimSpace(text)), 1
	switch {
	case strings.HasSuffix(digits, "k"):
		digits, unit = strings.TrimSuffix(digits, "k"), 1<<10
	case strings.HasSuffix(digits, "m"):
		digits, unit = strings.TrimSuffix(digits, "m"), 1<<20
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > math.MaxInt32/unit || n < math.MinInt32/unit {
		return 0, fmt.Errorf("%q is no number of tokens, such as 32768 or 32k", text)
	}
	return n * unit, nil
}

// CountsTokens reports whether the setting is a number of tokens.
func (s Setting) CountsTokens() bool { return s.IsNumber() && strings.Contains(s.Help, "`tokens`") }
