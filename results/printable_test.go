package results_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"Qwen3 0.6B <b> ü 日本": "Qwen3 0.6B <b> ü 日本",
		"a\x1b[31mb\nc\x00":   `a\x1b[31mb\nc\x00`,
		"\u202egnp.exe\u200b": `\u202egnp.exe\u200b`,
		"\x9b31m \u009b":      `\x9b31m \u009b`,
		"\uFFFD":              "\uFFFD",
	} {
		assert.Equal(t, want, results.Printable(in))
	}
}

func TestCodeSpan(t *testing.T) {
	for in, want := range map[string]string{
		"plain":    "`plain`",
		"a`b":      "``a`b``",
		"``":       "``` `` ```",
		"`":        "`` ` ``",
		"a\nb":     "`a\\nb`",
		" ":        "",
		"<b>@ann*": "`<b>@ann*`",
	} {
		assert.Equal(t, want, results.CodeSpan(in))
	}
}
