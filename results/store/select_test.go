package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/imports"
	"assay/results/jsonl"
	"assay/results/store"
)

func TestSelect(t *testing.T) {
	ctx := context.Background()
	st := open(t, filepath.Join(t.TempDir(), "s.db"))
	local := time.Date(2026, 11, 19, 23, 30, 0, 0, time.Local)
	for i, id := range []string{"night-1", "night-2", "morning", "night"} {
		run := runOf(id, 1)
		run.Records[0].Time = local.Add(time.Duration(i) * time.Hour)
		_, err := st.Import(ctx, run)
		require.NoError(t, err)
	}
	begin(t, st, "just-begun", local.AddDate(0, 0, 2))
	require.NoError(t, st.MoveBaseline(ctx, store.Baseline{Machine: "mini (Apple M4)", Run: "night-1", Time: night}))
	require.NoError(t, st.MoveBaseline(ctx, store.Baseline{Machine: "mini (Apple M4)", Run: "night-2", Time: night}))
	require.NoError(t, st.MoveBaseline(ctx, store.Baseline{Machine: "mini (Apple M4)", Key: "one case", Run: "morning", Time: night}))

	for selector, want := range map[string]string{
		"latest":     "night",
		"latest~0":   "night",
		"latest~3":   "night-1",
		"baseline":   "night-2",
		"2026-11-19": "night-1",
		"2026-11-20": "night",
		"night":      "night", // not the beginning of night-1
		"night-1":    "night-1",
		"mor":        "morning",
	} {
		run, err := st.Select(ctx, selector, store.Filter{}, readFile)
		if assert.NoError(t, err, selector) {
			assert.Equal(t, want, run.ID, selector)
		}
	}
	for selector, want := range map[string]string{
		"latest~4":      `has no run for "latest~4"`,
		"latest~x":      "how many runs to go back",
		"latest~-1":     "how many runs to go back",
		"morning~1":     "only latest can be followed by ~",
		"2026-11-21":    `has no run for "2026-11-21"`,
		"nig":           "3 runs begin with nig",
		"nobody":        "has no run or tag nobody, and there is no such file",
		"":              "neither a run, a date nor a file",
		"a b":           "neither a run, a date nor a file",
		"gone.jsonl":    "gone.jsonl: no such file",
		"../etc/shadow": "no such file",
	} {
		_, err := st.Select(ctx, selector, store.Filter{}, readFile)
		assert.ErrorContains(t, err, want, selector)
	}
	_, err := st.Select(ctx, "latest", store.Filter{Machine: "studio"}, readFile)
	assert.ErrorContains(t, err, "has no run")
}

// readFile reads a selected file as the command line does.
func readFile(name string) ([]results.Run, error) { return imports.ReadFile(name, imports.Options{}) }

func TestSelectFile(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	st := open(t, filepath.Join(dir, "s.db"))
	file := filepath.Join(dir, "two.jsonl")
	w, err := jsonl.Append(file)
	require.NoError(t, err)
	require.NoError(t, w.Write(record("r1", 0)))
	run, err := st.Select(ctx, file, store.Filter{}, readFile)
	require.NoError(t, err)
	assert.Equal(t, results.Run{ID: "r1", Source: file, Records: []results.Record{record("r1", 0)}}, run)

	require.NoError(t, w.Write(record("r2", 0)))
	require.NoError(t, w.Close())
	_, err = st.Select(ctx, file, store.Filter{}, readFile)
	assert.ErrorContains(t, err, "holds 2 runs (r1, r2, ...); import it and name one of them")

	t.Chdir(dir)
	require.NoError(t, os.WriteFile("latest", []byte("not a run"), 0o644))
	_, err = st.Import(ctx, runOf("r1", 1))
	require.NoError(t, err)
	run, err = st.Select(ctx, "latest", store.Filter{}, readFile)
	require.NoError(t, err, "the word wins over the file")
	assert.Equal(t, "r1", run.ID)

	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err = st.Select(ctx, file, store.Filter{}, readFile)
	assert.ErrorContains(t, err, "holds no record")
}
