package results

import (
	"strconv"
	"strings"
	"unicode"
)

// Printable returns a name or message from outside as one line that is safe
// on a terminal: control characters, line breaks, invisible and
// direction-changing characters become escapes such as \x1b.
func Printable(s string) string {
	var b strings.Builder
	for i, c := range s {
		switch {
		case c == unicode.ReplacementChar && !strings.HasPrefix(s[i:], "\uFFFD"):
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i])|1<<8, 16)[1:]) // a byte that is not UTF-8
		case unicode.IsPrint(c):
			b.WriteRune(c)
		default:
			quoted := strconv.QuoteRuneToASCII(c)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}
