package harness_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/libs"
	"assay/native/llama"
	"assay/predict/kv"
)

// elsewhere are releases that no npm package holds: PyPI's llama-cpp-py-sync and
// Debian unstable have them, for a newer C library.
var elsewhere = []string{"b11739", "v0.7.0"}

// A release is a row in three tables that do not know each other: what can be
// installed, whose structs are known, and whose caches and graphs.
func TestReleasesAreTheSameEverywhere(t *testing.T) {
	assert.Equal(t, llama.Releases(), kv.Releases())
	all, err := libs.Select("all")
	require.NoError(t, err)
	var installed []string
	for _, r := range all {
		installed = append(installed, r.Version)
	}
	ours := slices.DeleteFunc(llama.Releases(), func(name string) bool { return slices.Contains(elsewhere, name) })
	assert.Equal(t, ours, installed)
	assert.True(t, slices.IsSortedFunc(llama.Releases(), func(a, b string) int {
		if kv.Older(a, b) {
			return -1
		}
		return 1
	}), "oldest first")
}
