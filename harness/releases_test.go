package harness_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/home"
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

// TestFamiliesOnEveryRelease runs TestFamilies against each release in assay's
// cache, in a process of its own: which library is found is settled at the start.
func TestFamiliesOnEveryRelease(t *testing.T) {
	if os.Getenv("ASSAY_ALL") == "" {
		t.Skip("takes minutes a release: scripts/test --all")
	}
	dirs, err := home.Find()
	require.NoError(t, err)
	folders, err := filepath.Glob(dirs.Libs(llama.Spec().Product, "*"))
	require.NoError(t, err)
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			command := exec.Command(os.Args[0], "-test.run=^TestFamilies$", "-test.timeout=0")
			command.Env = append(os.Environ(), llama.Spec().Env+"="+folder)
			out, err := command.CombinedOutput()
			require.NoError(t, err, string(out))
			t.Logf("exercised: llama.cpp %s", filepath.Base(folder))
		})
	}
}
