package model_test

import (
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
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

// TestCurveBends: between the lengths of the tables a line bends where it does: a window's
// cache of Gemma 3 12B stops to grow at 1,536 cells, its window and a micro-batch, which
// are given in pieces of 256.
func TestCurveBends(t *testing.T) {
	in, err := model.Inspect(t.Context(), "gemma-3-12b", model.Options{Case: results.Defaults(), Contexts: []int{512, 8192}, Curve: true})
	require.NoError(t, err)
	paths, err := model.Plot(t.TempDir(), []model.Inspection{in})
	require.NoError(t, err)
	text, err := os.ReadFile(paths[1])
	require.NoError(t, err)
	line := regexp.MustCompile(`<path class="line c3 dashed" d="M([^"]+)"`).FindStringSubmatch(string(text))
	require.NotNil(t, line)
	points := strings.Split(line[1], "L")
	require.Greater(t, len(points), 8)
	var heights []string
	for _, p := range points {
		_, y, _ := strings.Cut(p, " ")
		heights = append(heights, y)
	}
	flat := slices.Index(heights, heights[len(heights)-1])
	x, _, _ := strings.Cut(points[flat], " ")
	first, _, _ := strings.Cut(points[0], " ")
	last, _, _ := strings.Cut(points[len(points)-1], " ")
	at := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err)
		return v
	}
	share := (at(x) - at(first)) / (at(last) - at(first))
	tokens := 512 * math.Pow(8192.0/512, share)
	assert.True(t, tokens > 1280 && tokens < 1537, "%.0f", tokens)
}
