package mlx_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/harness/mlx"
	"assay/native/mlx/lm"
)

// TestFamiliesAreKnownOnBothSides: what runs is counted, and what is counted runs.
func TestFamiliesAreKnownOnBothSides(t *testing.T) {
	listed := map[string]bool{}
	for _, f := range mlx.Families() {
		listed[f.Type] = true
		assert.Equal(t, f.Runs, f.Counted, "%s: a forward pass on one side alone", f.Type)
		assert.True(t, f.Cache || f.Lacks != "", "%s: no cache, and no reason", f.Type)
	}
	for _, name := range lm.Types() {
		assert.True(t, listed[name], "%s runs, and predict has no family of it", name)
	}
}
