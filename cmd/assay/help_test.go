package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
	"assay/predict/source"
)

// Every preset that an example names is there, in the help and in the README.
func TestExamplesNamePresets(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	all := string(text)
	for _, c := range commands() {
		all += c.Help
	}
	names := regexp.MustCompile(`preset:([a-z0-9][a-z0-9.-]+)`).FindAllStringSubmatch(all, -1)
	require.NotEmpty(t, names)
	for _, m := range names {
		assert.Contains(t, source.Presets(), strings.TrimRight(m[1], "."))
	}
}

// Every command's help fits a terminal of 80 columns and shows how it is called.
func TestHelp(t *testing.T) {
	for _, c := range commands() {
		if c.Hidden {
			continue
		}
		status, out, errs := call(c.Name, "--help")
		assert.Equal(t, line.StatusDone, status, c.Name)
		assert.Empty(t, errs, c.Name)
		for line := range strings.Lines(out) {
			line = strings.TrimRight(line, "\n")
			assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, "%s: %s", c.Name, line)
		}
		if c.Name != "version" {
			assert.Regexp(t, `(?m)^examples?:$`, out, c.Name)
		}
	}
}
