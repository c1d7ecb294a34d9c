package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
	"assay/harness/home"
)

// Runs are listed, named, compared by their names, and taken away so that they can be
// brought back.
func TestRunsAreListedTaggedAndRemoved(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ASSAY_HOME", dir)
	for day := range 3 {
		status, _, errs := call("import", timedRun(t, dir, day, 15*day, "m", "b1"))
		require.Equal(t, line.StatusDone, status, errs)
	}
	good := func(args ...string) string {
		t.Helper()
		status, out, errs := call(args...)
		require.Equal(t, line.StatusDone, status, errs)
		return out
	}
	refused := func(want string, args ...string) {
		t.Helper()
		status, _, errs := call(args...)
		assert.Equal(t, line.StatusUsage, status, args)
		assert.Contains(t, errs, want, args)
		assert.Equal(t, 1, strings.Count(errs, "\n"), "one sentence: %q", errs)
	}
	assert.Equal(t, "before is run day00\n", good("tag", "day00", "before"))
	assert.Equal(t, "before is run day01; it was run day00\n", good("tag", "day01", "before"))
	good("tag", "latest", "after")
	assert.Regexp(t, `(?m)^day01 .*before$`, good("list"))
	assert.Contains(t, good("show", "after"), "run day02, mini (Apple M4)")
	assert.Contains(t, good("show", "after"), "tg128 @ d29")
	only := good("show", "after", "--case", "TG128 d29", "--svg", filepath.Join(dir, "case.svg"))
	assert.Contains(t, only, "tg128 @ d29")
	assert.NotContains(t, only, "d28")
	drawn, err := os.ReadFile(filepath.Join(dir, "case.svg"))
	require.NoError(t, err)
	assert.Contains(t, string(drawn), ">tg128 @ d29</text>")
	assert.Equal(t, 1, strings.Count(good("show", "after", "--case", "d29", "-o", "md"), "tg128 @ d29"))
	refused(`no case of run day02 has the words "zork"; its tests are tg128`, "show", "after", "--case", "zork")
	refused("-o xml: one of json, jsonl, csv, md, sql", "show", "after", "-o", "xml")
	status, out, _ := call("diff", "before", "after")
	assert.Equal(t, line.StatusRefuted, status)
	assert.Contains(t, out, "% slower")
	good("report", "after", "--markdown", "--out", "-")
	for _, kind := range []string{"runs", "fits", "chips", "presets"} {
		assert.True(t, json.Valid([]byte(good("list", kind, "--json"))), kind)
		for text := range strings.Lines(good("list", kind)) {
			assert.LessOrEqual(t, len([]rune(text)), columns+1, text)
		}
	}

	pages := filepath.Join(dir, "site")
	good("site", "--out", pages)
	wall, err := os.ReadFile(filepath.Join(pages, "index.html"))
	require.NoError(t, err)
	assert.Contains(t, string(wall), "30 cases on 1 machine")
	refused("no site of assay's", "site", "--out", dir)
	refused("name the folder", "site")

	refused("cannot name a run", "tag", "day00", "latest")
	refused("cannot name a run", "tag", "day00", "2026-01-01")
	refused("the id of run day00 begins so", "tag", "day01", "day0")
	refused("no run is called so", "tag", "--delete", "nothing")
	refused("has no run or tag nothing", "tag", "nothing", "x")
	refused("has no run or tag nothing", "rm", "day00", "nothing")
	refused("list takes one of runs, fits", "list", "weather")
	refused("name a run", "rm")

	// A run that goes on, or that a baseline stands on, stays.
	status, _, errs := call("diff", "day00", "day01", "--accept", "--why", "x")
	require.Equal(t, line.StatusDone, status, errs)
	refused("the baseline of mini (Apple M4) stands on it", "rm", "before")
	dirs, err := home.Find()
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dirs.Runs(), 0o755))
	f, err := os.Create(dirs.Journal("day02"))
	require.NoError(t, err)
	require.NoError(t, home.Lock(f))
	refused("run day02 is going on", "rm", "after")
	require.NoError(t, f.Close())
	kept, err := filepath.Glob(filepath.Join(dirs.Removed(), "*"))
	require.NoError(t, err)
	assert.Empty(t, kept)

	before := good("show", "after", "--json")
	var removed []struct {
		Run, File string
		Cases     int
	}
	require.NoError(t, json.Unmarshal([]byte(good("rm", "after", "day00", "--json")), &removed))
	require.Len(t, removed, 2)
	assert.Equal(t, "day02", removed[0].Run)
	assert.NotContains(t, good("list"), "day02")
	refused("has no run or tag after", "show", "after")
	assert.Contains(t, good("trend"), "over 1 night")
	assert.Contains(t, good("import", removed[0].File), "30 cases, 30 new")
	assert.Equal(t, before, good("show", "day02", "--json"))
	assert.Equal(t, "before no longer names run day01\n", good("tag", "--delete", "before"))
}
