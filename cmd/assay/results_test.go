package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
)

// call runs assay and returns its exit status and streams.
func call(args ...string) (status int, out, errs string) {
	var stdout, stderr bytes.Buffer
	status = dispatch(context.Background(), args, line.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return status, stdout.String(), stderr.String()
}

const benchFiles = "../../results/llamabench/testdata/"

func TestImportExportReport(t *testing.T) {
	dir := t.TempDir()
	db := filepath.Join(dir, "s.db")
	for _, want := range []string{"4 cases, 4 new", "4 cases, 0 new"} {
		status, out, errs := call("import", benchFiles+"real.jsonl", "--store", db, "--machine", "mini")
		require.Equal(t, line.StatusDone, status, errs)
		assert.Contains(t, out, want)
		assert.Empty(t, errs)
	}
	status, out, errs := call("export", "--store", db, "--format", "llama-bench-csv", "latest")
	require.Equal(t, line.StatusDone, status, errs)
	assert.Len(t, strings.Split(strings.TrimSpace(out), "\n"), 5)

	// A file that was exported is imported again, and changes nothing.
	again := filepath.Join(dir, "again.jsonl")
	status, _, errs = call("export", "--store", db, "--out", again)
	require.Equal(t, line.StatusDone, status, errs)
	_, out, _ = call("import", "--store", db, again)
	assert.Contains(t, out, "4 cases, 0 new")

	page := filepath.Join(dir, "r.html")
	status, _, errs = call("report", "--store", db, "--out", page, "--base", again)
	require.Equal(t, line.StatusDone, status, errs)
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(text), "Nothing moved in 4 cases.")
	status, out, _ = call("report", "--store", db, "--markdown", "--out", "-", benchFiles+"real.json")
	assert.Equal(t, line.StatusDone, status)
	assert.Contains(t, out, "4 cases succeeded")
}

func TestImportExportReportRefuse(t *testing.T) {
	db := filepath.Join(t.TempDir(), "s.db")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"import"}, "name a file"},
		{[]string{"import", "gone.jsonl"}, "gone.jsonl: no such file"},
		{[]string{"import", "results_test.go"}, "of no known format"},
		{[]string{"import", "x", "--time", "now"}, `--time is "now"`},
		{[]string{"export"}, `has no run for "latest"`},
		{[]string{"export", "--format", "xlsx", benchFiles + "real.json"}, `no export format "xlsx"`},
		{[]string{"report"}, `has no run for "latest"`},
		{[]string{"report", "a", "b"}, "at most one run"},
	} {
		status, out, errs := call(append(tt.args, "--store", db)...)
		assert.Equal(t, line.StatusUsage, status, tt.args)
		assert.Contains(t, errs, tt.want)
		assert.Empty(t, out)
	}
}
