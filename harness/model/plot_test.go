package model_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/model"
	"assay/results"
)

// TestModelPlots: every model is in the pictures that compare, and a window's
// curve only where there is a window.
func TestModelPlots(t *testing.T) {
	inspect := func(ref string) model.Inspection {
		in, err := model.Inspect(t.Context(), ref, model.Options{Case: results.Defaults(), Contexts: []int{512, 4096}})
		require.NoError(t, err)
		return in
	}
	gemma, llama, mamba := inspect("gemma-3-12b"), inspect("llama-3.2-1b"), inspect("mamba-codestral-7b")
	for _, c := range []struct {
		models      []model.Inspection
		has, hasNot string
	}{
		{[]model.Inspection{gemma}, "bounded by windows", "mamba"},
		{[]model.Inspection{llama}, "every token kept", "bounded by windows"},
		{[]model.Inspection{gemma, llama, mamba}, mamba.Facts.Name, "bounded by windows"},
	} {
		paths, err := model.Plot(t.TempDir(), c.models)
		require.NoError(t, err)
		require.Len(t, paths, 3)
		var all strings.Builder
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.NotContains(t, string(text), "NaN", path)
			for _, m := range c.models {
				if len(c.models) > 1 {
					assert.Contains(t, string(text), m.Facts.Name, path)
				}
			}
			all.Write(text)
		}
		assert.Contains(t, all.String(), c.has)
		assert.NotContains(t, all.String(), c.hasNot)
	}
	_, err := model.Plot("\x00", []model.Inspection{gemma})
	assert.ErrorContains(t, err, "the folder for plots")
}
