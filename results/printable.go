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

// CodeSpan returns a name or message from outside as a code span of Markdown,
// where neither markup nor the mention of a person has an effect; nothing for
// none. The fence is longer than any run of backticks in it
// (https://spec.commonmark.org/0.31.2/#code-spans).
func CodeSpan(s string) string {
	s = Printable(s)
	if strings.TrimSpace(s) == "" {
		return ""
	}
	fence, run := 1, 0
	for _, c := range s {
		if run++; c != '`' {
			run = 0
		}
		fence = max(fence, run+1)
	}
	ticks := strings.Repeat("`", fence)
	if s[0] == '`' || s[len(s)-1] == '`' {
		s = " " + s + " "
	}
	return ticks + s + ticks
}
