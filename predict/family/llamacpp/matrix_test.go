package llamacpp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/predict/arch"
	"assay/predict/config"
	"assay/predict/family/llamacpp"
)

// TestMatrix prints what is known of each family (go test -v -run Matrix); what
// is not known needs a sentence, and a sentence that is not needed is wrong too.
func TestMatrix(t *testing.T) {
	types := map[string][]string{}
	for _, kind := range config.Types() {
		if kind.Family != "" {
			types[kind.Family] = append(types[kind.Family], kind.Name)
		}
	}
	for _, f := range llamacpp.All() {
		known := map[string]bool{"layout": f.HasLayout(), "graph": f.Graph != nil || f.Cache.None}
		var line []string
		for _, what := range []string{"layout", "graph"} {
			why := f.Gaps[what]
			if known[what] {
				line = append(line, what)
				assert.True(t, why == "" || !f.HasLayout(), "%s: %s is known, and still %q", f.Name, what, why)
			} else {
				assert.NotEmpty(t, why, "%s: nothing says why its %s is not known", f.Name, what)
			}
		}
		line = append(line, windows(f.Window), cache(f.Cache), "tail "+tail(f.Tail), "config "+strings.Join(types[f.Name], ", "))
		t.Logf("%-16s %s", f.Name, strings.Join(line, "; "))
		delete(types, f.Name)
	}
	assert.Empty(t, types, "model types of families that nothing is known of")
}

func windows(w *llamacpp.Window) string {
	switch {
	case w == nil:
		return "no windows"
	case w.Chunked:
		return fmt.Sprintf("chunks, period %d", w.Period)
	}
	return fmt.Sprintf("windows, period %d", w.Period)
}

func cache(c llamacpp.Cache) string {
	switch {
	case c.None:
		return "no cache"
	case c.Other != "":
		return "not predicted: " + c.Other
	}
	return "cache"
}

func tail(t llamacpp.Tail) string {
	if t.LateSince == "" {
		return "in the last layer"
	}
	if t.LateUntil != "" {
		return "behind it from " + t.LateSince + " up to " + t.LateUntil
	}
	return "behind it since " + t.LateSince
}

// The loader's own rules, as they were measured on v0.5.0: full layers of eight,
// a window of 64 in the file and no pattern.
func TestLoaderWindows(t *testing.T) {
	for name, want := range map[string]struct {
		size int64
		full []int
	}{
		"afmoe": {64, []int{3, 7}}, "exaone-moe": {64, []int{3, 7}}, "mellum": {64, []int{3, 7}}, "muse-glimmer": {64, []int{3, 7}},
		"laguna": {64, []int{0, 4}}, "cohere2moe": {64, []int{0, 4}}, "smallthinker": {4096, []int{0, 4}}, "plamo3": {64, []int{7}},
		"gemma2": {64, []int{1, 3, 5, 7}}, "gemma3": {64, []int{5}}, "gpt-oss": {64, []int{1, 3, 5, 7}}, "llama4": {8192, []int{3, 7}},
		"exaone4": {0, nil}, "llama": {0, nil}, "qwen2": {0, nil}, "mistral3": {0, nil}, "phi3": {0, nil},
	} {
		f, _ := llamacpp.Of(name)
		assert.Equal(t, want.size, f.Window.Size(8, 64, true), name)
		if want.size == 0 {
			continue
		}
		var full []int
		for i := range 8 {
			if !f.Window.Windowed(i, f.Window.Period) {
				full = append(full, i)
			}
		}
		assert.Equal(t, arch.Ranges(want.full), arch.Ranges(full), name)
	}
	exaone, _ := llamacpp.Of("exaone4")
	assert.Equal(t, int64(4096), exaone.Window.Size(64, 0, false), "the key is absent")
	assert.Equal(t, int64(64), exaone.Window.Size(64, 64, true))
	assert.False(t, exaone.Window.Windowed(63, exaone.Window.Period))
	small, _ := llamacpp.Of("smallthinker")
	assert.Zero(t, small.Window.Size(8, 0, true), "0 turns it off")
	assert.Zero(t, small.Window.Size(8, 0, false))
}
