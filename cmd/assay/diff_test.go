package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
	"assay/results"
	"assay/results/alert"
	"assay/results/diff"
	"assay/results/jsonl"
	"assay/results/trend"
)

// timedRun writes a run of 30 timed cases of the model name as a file; the
// first is slower by percent. day is when, and seeds the noise.
func timedRun(t *testing.T, dir string, day, percent int, name, version string) string {
	t.Helper()
	file := filepath.Join(dir, fmt.Sprintf("day%02d.jsonl", day))
	f, err := os.Create(file)
	require.NoError(t, err)
	w := jsonl.NewWriter(f)
	for i := range 30 {
		rec := results.Record{
			Schema: results.Schema, RunID: fmt.Sprintf("day%02d", day), Time: time.Date(2026, 1, 1+day, 2, 0, i, 0, time.UTC),
			Status:   results.StatusOK,
			Host:     results.Host{Name: "mini", OS: "darwin", Arch: "arm64", Chip: "Apple M4"},
			Runtime:  results.Runtime{Name: "llama.cpp", Version: version},
			Model:    results.Model{Ref: "m.gguf", Name: name},
			Case:     results.Case{Kind: results.KindDecode, NGen: 128, NDepth: i},
			Measured: &results.Measured{},
		}
		for s := range 10 {
			ns := 1_000_000_000 + int64((i*7919+s*104729+day*1299709)%20000)*1000
			if i == 0 {
				ns += ns * int64(percent) / 100
			}
			rec.Measured.SamplesNS, rec.Measured.Rounds = append(rec.Measured.SamplesNS, ns), append(rec.Measured.Rounds, s/5)
		}
		require.NoError(t, w.Write(rec))
	}
	require.NoError(t, w.Close())
	return file
}

func TestDiffCommand(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "s.db")
	base := timedRun(t, dir, 0, 0, "m", "b1")
	calm := timedRun(t, dir, 1, 0, "m", "b1")
	slow := timedRun(t, dir, 2, 15, "m", "b1")
	other := timedRun(t, dir, 3, 0, "m", "b2")

	status, out, errs := call("diff", "--store", db, base, calm)
	require.Equal(t, line.StatusDone, status, errs)
	assert.Contains(t, out, "Nothing moved in 30 cases.")

	status, out, errs = call("diff", "--store", db, base, slow)
	assert.Equal(t, line.StatusRefuted, status)
	assert.Equal(t, "assay diff: 1 of 30 cases regressed or changed\n", errs)
	assert.Contains(t, out, "% slower")
	assert.Contains(t, out, "assay run -m m.gguf --runtime llama.cpp -n 128 -p 0 --kind decode")

	status, out, _ = call("diff", "--store", db, "--json", base, slow)
	assert.Equal(t, line.StatusRefuted, status)
	var d diff.Diff
	require.NoError(t, json.Unmarshal([]byte(out), &d))
	assert.Equal(t, 1, d.Moved())

	_, out, _ = call("diff", "--store", db, "--format", "json", base, slow)
	var alerts []alert.Alert
	require.NoError(t, json.Unmarshal([]byte(out), &alerts))
	assert.Len(t, alerts, 1)

	status, out, _ = call("diff", "--store", db, base, other)
	assert.Equal(t, line.StatusDone, status)
	assert.Contains(t, out, "also differs: llama.cpp version, b1, then b2 (30 cases)")
}

func TestDiffCommandAccepts(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "s.db")
	for _, file := range []string{timedRun(t, dir, 0, 0, "m", "b1"), timedRun(t, dir, 1, 10, "m", "b1")} {
		status, _, errs := call("import", "--store", db, file)
		require.Equal(t, line.StatusDone, status, errs)
	}
	status, _, errs := call("diff", "--store", db, "latest~1", "latest", "--accept", "--why", "meant", "--who", "ada")
	require.Equal(t, line.StatusDone, status, errs)
	assert.Contains(t, errs, "accepted: the baseline is run day01")
	status, out, errs := call("diff", "--store", db, "baseline", "latest")
	assert.Equal(t, line.StatusDone, status, errs)
	assert.Contains(t, out, "same run")
	status, _, errs = call("diff", "--store", db, "baseline", "latest", "--accept", "--why", "x", "--case", "nothing")
	assert.Equal(t, line.StatusUsage, status)
	assert.Contains(t, errs, `no case that both runs have contains "nothing"`)
}

func TestDiffPrintsNothingHostile(t *testing.T) {
	dir := t.TempDir()
	name := "\x1b[2J<b>\n::error::"
	base, slow := timedRun(t, dir, 0, 0, name, "b1"), timedRun(t, dir, 1, 15, name, "b1")
	for _, format := range []string{"table", "markdown", "github", "junit"} {
		status, out, errs := call("diff", "--store", filepath.Join(dir, "s.db"), "--format", format, base, slow)
		assert.Equal(t, line.StatusRefuted, status, errs)
		assert.NotContains(t, out, "\x1b")
		assert.NotContains(t, out, "\n::error::")
	}
}

func TestDiffAndTrendRefuse(t *testing.T) {
	db := filepath.Join(t.TempDir(), "s.db")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"diff", "a"}, "diff takes BASE and HEAD, not 1 argument;"},
		{[]string{"diff", "a", "b"}, "has no run or tag a, and there is no such file"},
		{[]string{"diff", "a", "b", "--across", "weather"}, `"weather" is none of chip, power, version, all`},
		{[]string{"diff", "a", "b", "--format", "pdf"}, `--format "pdf" is none of`},
		{[]string{"diff", "a", "b", "--accept"}, "--accept needs --why"},
		{[]string{"diff", "a", "b", "--why", "x"}, "go with --accept"},
		{[]string{"diff", "a", "b", "--smallest", "0"}, "--smallest 0 must be more than 0"},
		{[]string{"trend", "x"}, "trend takes no arguments"},
		{[]string{"trend", "--since", "yesterday"}, `--since "yesterday" is not a day`},
		{[]string{"trend", "--last", "-1"}, "--last -1 cannot be negative"},
	} {
		status, _, errs := call(append(tt.args, "--store", db)...)
		assert.Equal(t, line.StatusUsage, status, "%q", tt.args)
		assert.Contains(t, errs, tt.want, "%q", tt.args)
		assert.Equal(t, 1, strings.Count(errs, "\n"), "one sentence: %q", errs)
	}
}

func TestTrendCommand(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "s.db")
	for day := range 24 {
		slower, version := 0, "b1"
		if day >= 12 {
			slower, version = 6, "b2"
		}
		status, _, errs := call("import", "--store", db, timedRun(t, dir, day, slower, "m", version))
		require.Equal(t, line.StatusDone, status, errs)
	}
	status, out, errs := call("trend", "--store", db)
	require.Equal(t, line.StatusDone, status, errs)
	assert.Contains(t, out, "30 cases over 24 nights")
	assert.Contains(t, out, "version b1 → b2")
	assert.Contains(t, out, "29 cases did not change.")

	_, out, _ = call("trend", "--store", db, "--json", "--case", "decode n_gen=128")
	var got trend.Trend
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	require.Len(t, got.Cases, 1)
	assert.Equal(t, "day12", got.Cases[0].Changes[0].First.Run)
}
