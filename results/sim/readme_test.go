package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// printed is the table of a whole run.
type printed string

var rateAndInterval = regexp.MustCompile(`([0-9.]+)% \[([0-9.]+), ([0-9.]+)\]`)

// rates are the figures of a row below a heading, as the README writes them: the
// first with its interval.
func (p printed) rates(t *testing.T, heading, row string) []string {
	t.Helper()
	_, below, found := strings.Cut(string(p), "\n"+heading)
	require.True(t, found, heading)
	_, line, found := strings.Cut(below, "\n"+row)
	require.True(t, found, row)
	line, _, _ = strings.Cut(line, "\n")
	short := func(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }
	var out []string
	for i, m := range rateAndInterval.FindAllStringSubmatch(line, -1) {
		if out = append(out, short(m[1])+" %"); i == 0 {
			out[0] += fmt.Sprintf(" (%s to %s)", short(m[2]), short(m[3]))
		}
	}
	require.GreaterOrEqual(t, len(out), 2, row)
	return out
}

// The README says what the program printed, of each rule and of each noise.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("testdata/full.txt")
	require.NoError(t, err)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	assumed, measured, found := strings.Cut(string(text), "\nmeasured noise: ")
	require.True(t, found)
	row := func(from, heading, row, name, format string) {
		t.Helper()
		r := printed(from).rates(t, heading, row)
		args := make([]any, len(r)-1)
		for i := range args {
			args[i] = r[i+1]
		}
		assert.Contains(t, string(readme), fmt.Sprintf("| %s | %s | %s |\n", name, r[0], fmt.Sprintf(format, args...)))
	}
	const two, night, trend = "diff of two runs", "nightly against", "trend, 60 nights"
	row(assumed, two, "assay", "`diff`", "8 %% slower: %s; a tenth of its speed lost: %s")
	row(assumed, two, "Mann-Whitney", "Mann–Whitney, Holm, 3 %", "%s; %s")
	row(assumed, two, "benchstat", "benchstat's", "%s; %s")
	row(assumed, night, "assay", "`nightly`, 14 nights", "5 %% slower: %s the first night, %s by the second")
	row(assumed, trend, "assay", "`trend`", "a 2 %% step within ten nights: %s")
	row(assumed, trend, "Otava", "Otava's", "%s")
	row(measured, two, "assay", "`diff`, between sessions", "one case, three tenths of its speed lost: %s")
	row(measured, night, "assay", "`nightly`, between sessions", "the same: %s the first night, %s by the second")
}
