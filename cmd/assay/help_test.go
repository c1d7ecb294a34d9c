package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// Every command's help fits a terminal of 80 columns and shows how it is called.
func TestHelp(t *testing.T) {
	for _, c := range commands() {
		if c.hidden {
			continue
		}
		status, out, errs := call(c.name, "--help")
		assert.Equal(t, statusDone, status, c.name)
		assert.Empty(t, errs, c.name)
		for line := range strings.Lines(out) {
			line = strings.TrimRight(line, "\n")
			assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, "%s: %s", c.name, line)
		}
		if c.name != "version" {
			assert.Regexp(t, `(?m)^examples?:$`, out, c.name)
		}
	}
}
