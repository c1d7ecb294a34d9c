package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const evil = "evil\x1b[31m\n::error::x\x1b]0;t\a<script>\xff"

// Whatever is wrong, and whatever it is called: nothing that a terminal or a CI obeys.
func TestMessagesAreHarmless(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ASSAY_HOME", filepath.Join(dir, "home"))
	suite := filepath.Join(dir, "s.yaml")
	assert.NoError(t, os.WriteFile(suite, []byte("name: x\ncases: []\n\"k\\x1b[31m\\n::error::x\": 1\n"), 0o644))
	for _, args := range [][]string{
		{"run", "--" + evil}, {"run", evil + ".yaml"}, {"run", suite}, {"run", "-m", evil}, {evil}, {"run", "-p", evil},
		{"synth", "preset:smollm2-135m", "--skeleton", "kv", "--out", filepath.Join(dir, "no", evil)},
		{"import", evil}, {"diff", "a", "b", "--store", filepath.Join(dir, evil, "x")}, {"diff", evil, evil}, {"inspect", evil},
		{"predict", evil}, {"trend", "--since", evil}, {"report", evil}, {"nightly", evil}, {"export", evil}, {"fit", evil},
		{"nightly", "--replay", evil},
	} {
		_, out, errs := call(args...)
		for _, text := range []string{out, errs} {
			assert.NotContains(t, text, "\x1b", "%q", args)
			assert.NotContains(t, text, "\a", "%q", args)
			assert.NotContains(t, text, "\xff", "%q", args)
			for line := range strings.Lines(text) {
				assert.False(t, strings.HasPrefix(strings.TrimSpace(line), "::"), "%q: %q", args, line)
			}
		}
	}
}
