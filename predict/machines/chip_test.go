package machines_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/machines"
)

func TestFindChip(t *testing.T) {
	tests := map[string]struct {
		name  string
		cores int
		want  string
		err   string
	}{
		"as sysctl says it, with the cores that IOKit says": {"Apple M2 Max", 38, "M2Max-38", ""},
		"by id":            {"m2max-30", 0, "M2Max-30", ""},
		"only one variant": {"M1", 8, "M1-8", ""},
		"which variant":    {"M2 Max", 0, "", `"M2 Max" has several variants; say which: M2Max-30, M2Max-38`},
		"wrong cores":      {"M2 Max", 64, "", `no chip "M2 Max" is known`},
		"unknown":          {"M9", 0, "", `no chip "M9" is known; known are M1, `},
		"empty":            {"", 0, "", "no chip"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := machines.FindChip(tt.name, tt.cores)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, c.ID())
		})
	}
}

func TestChipsAreCompleteAndPlausible(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range machines.Chips() {
		assert.False(t, seen[c.ID()], "%s stands twice", c.ID())
		seen[c.ID()] = true
		assert.Positive(t, c.GPUCores, c.ID())
		assert.Greater(t, c.Bandwidth, 50e9, c.ID())
		assert.Regexp(t, `^(llama\.cpp discussion 4167|[a-z0-9-]+\.[a-z.]+ |tuff-app/TUFF discussion 30).+`, c.Source, c.ID())
		assert.Equal(t, c.FP16 != nil, strings.Contains(strings.ToLower(c.Source), "flop"), "%s: teraflops and their source", c.ID())
		if c.FP16 != nil {
			// 128 lanes a core, two operations each, near 1.3 GHz.
			assert.InDelta(t, 0.345e12, *c.FP16/float64(c.GPUCores), 0.03e12, c.ID())
		}
	}
}
