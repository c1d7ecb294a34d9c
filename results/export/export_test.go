package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/export"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// night is a run of a timed case, a cache and a failure. slower scales time.
func night(id string, slower float64) results.Run {
	kv, flops, residual, weights := int64(117440512), int64(152e9), int64(0), int64(397e6)
	base := results.Record{
		Schema: 1, RunID: id, Time: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC), Status: results.StatusOK,
		Host:    results.Host{Name: "mini", OS: "darwin", OSVersion: "26.1", Arch: "arm64", Chip: "Apple M4", Power: "ac"},
		Runtime: results.Runtime{Name: "llama.cpp", Version: "b7000-" + id, Device: "Metal"},
		Model:   results.Model{Ref: "/models/qwen3.gguf", Name: "qwen3-0.6b", Arch: "qwen3", WeightType: "q4_K", WeightBytes: &weights},
	}
	timed, cache, failed := base, base, base
	timed.Case = results.Case{Kind: results.KindDecode, NCtx: 4096, NGen: 128, TypeK: "f16", TypeV: "f16", FlashAttn: "auto", NGPULayers: -1}
	timed.Measured = &results.Measured{FLOPs: &flops}
	for i := range 10 {
		timed.Measured.SamplesNS = append(timed.Measured.SamplesNS, int64(slower*(1e9+1e6*float64(i*i%7))))
	}
	timed.Measured.TokensPerSecond = results.Speed(timed.Measured.SamplesNS, 128)
	cache.Case = results.Case{Kind: results.KindKV, NCtx: 1024, TypeK: "f16", TypeV: "f16"}
	cache.Predicted = &results.Predicted{Rules: "exact", KVBytes: &kv}
	cache.Measured, cache.Residual = &results.Measured{KVBytes: &kv}, &results.Residual{KVBytes: &residual}
	failed.Case = results.Case{Kind: results.KindKV, NCtx: 1 << 20}
	failed.Status, failed.Error = results.StatusFailed, "=cmd|' /C calc'!A0"
	failed.Model.Name = "a\"b\\\n,/ \x1b[31m<b>"
	return results.Run{ID: id, Records: []results.Record{timed, cache, failed}}
}

func write(t *testing.T, format string, runs ...results.Run) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, export.Write(&b, format, runs))
	return b.String()
}

func TestGolden(t *testing.T) {
	for _, f := range export.Formats() {
		t.Run(f.Name, func(t *testing.T) {
			got := write(t, f.Name, night("a", 1))
			file := filepath.Join("testdata", "night."+f.Name)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
			assert.NotContains(t, got, "\x1b", "no terminal escape passes")
		})
	}
}

func TestUnknownFormat(t *testing.T) {
	err := export.Write(&bytes.Buffer{}, "xlsx", nil)
	assert.EqualError(t, err,
		`there is no export format "xlsx"; there are jsonl, csv, gobench, action-benchmark, bencher, badge, prometheus, `+
			`llama-bench-json, llama-bench-jsonl, llama-bench-csv, llama-bench-md, llama-bench-sql`)
}

// A run in which everything failed is exported where the format can say so.
func TestEverythingFailed(t *testing.T) {
	run := night("a", 1)
	run.Records = run.Records[2:]
	for _, f := range export.Formats() {
		err := f.Write(&bytes.Buffer{}, []results.Run{run})
		if strings.HasPrefix(f.Name, "llama-bench") || f.Name == "action-benchmark" {
			assert.ErrorContains(t, err, "no case was timed and succeeded", f.Name)
		} else if f.Name == "bencher" {
			assert.ErrorContains(t, err, "no case succeeded", f.Name)
		} else {
			assert.NoError(t, err, f.Name)
		}
	}
}

// benchstat itself reads the Go benchmark format, sees the slowdown that was
// planted and nothing in a run beside itself.
func TestBenchstat(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base.txt")
	head := filepath.Join(t.TempDir(), "head.txt")
	require.NoError(t, os.WriteFile(base, []byte(write(t, "gobench", night("a", 1))), 0o644))
	for _, tt := range []struct {
		name   string
		slower float64
		want   string
		not    string
	}{
		{"slower", 1.25, "+25.00% (p=0.000 n=10)", "~"},
		{"the same", 1, "~ (p=1.000 n=10)", "%"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(head, []byte(write(t, "gobench", night("b", tt.slower))), 0o644))
			out, err := exec.Command("go", "tool", "benchstat", base, head).CombinedOutput()
			require.NoError(t, err, string(out))
			var row string
			for _, line := range strings.Split(string(out), "\n") {
				if strings.Contains(line, "n_gen=128") && strings.Contains(line, "p=") && row == "" {
					row = line
				}
			}
			assert.Contains(t, row, tt.want, string(out))
			assert.Contains(t, string(out), "cpu: Apple_M4")
			assert.Contains(t, string(out), "kv-B")
			assert.Contains(t, string(out), "tok/s")
			assert.NotContains(t, string(out), "inconsistent")
		})
	}
}

// Every line is one that the exposition format allows, no series is there
// twice, and a retry counts once.
func TestPrometheusIsWellFormed(t *testing.T) {
	run := night("a", 1)
	run.Records = append(run.Records, run.Records[2])
	sample := regexp.MustCompile(`^([a-z_]+\{(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+\}) [-+0-9.e]+$`)
	comment := regexp.MustCompile(`^# (HELP [a-z_]+ [A-Z].*\.|TYPE [a-z_]+ gauge)$`)
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(write(t, "prometheus", run)), "\n") {
		if comment.MatchString(line) {
			continue
		}
		m := sample.FindStringSubmatch(line)
		if assert.NotNil(t, m, line) {
			assert.False(t, seen[m[1]], line)
			seen[m[1]] = true
		}
	}
	assert.Len(t, seen, 10)
}

// The last run speaks, and a case that was skipped says nothing of itself.
func TestPrometheusShowsTheLastRun(t *testing.T) {
	first, last := night("a", 1), night("b", 2)
	for i := range last.Records {
		last.Records[i].Host.Name = "last"
	}
	last.Records[1].Status, last.Records[1].Error = results.StatusSkipped, "no room"
	got := write(t, "prometheus", first, last)
	assert.Contains(t, got, `machine="last`)
	assert.NotContains(t, got, `machine="mini`)
	assert.Equal(t, 2, strings.Count(got, "assay_case_ok{"), "one succeeded, one failed")
}

// promtool, where it is installed, judges the same text.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed; apt-get install prometheus")
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(write(t, "prometheus", night("a", 1)))
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, string(out))
	assert.Empty(t, string(out))
}

func TestNoFormulaInCSV(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(write(t, "csv", night("a", 1)))).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 4)
	assert.Equal(t, "'=cmd|' /C calc'!A0", rows[3][3])
	for _, row := range rows {
		for _, cell := range row {
			assert.NotRegexp(t, `^[=+@]|^-[^0-9]`, cell)
		}
	}
}

// A badge says what the run amounts to, good or bad, and is a picture.
func TestBadge(t *testing.T) {
	run := night("a", 1)
	failed := write(t, "badge", run)
	assert.Contains(t, failed, "1 of 3 cases failed")
	run.Records = run.Records[:2]
	run.Records[0].Checks = []results.Check{{Name: "kv_bytes", OK: true}}
	run.Records[1].Checks = []results.Check{{Name: "kv_bytes", OK: true}, {Name: "flops", OK: true}}
	good := write(t, "badge", run)
	assert.Contains(t, good, "3 checks hold")
	run.Records[1].Checks[1].OK = false
	assert.Contains(t, write(t, "badge", run), "1 of 2 not as predicted")
	assert.Contains(t, write(t, "badge"), "nothing measured")
	for _, svg := range []string{failed, good} {
		var picture struct {
			XMLName xml.Name
			Title   string `xml:"title"`
		}
		require.NoError(t, xml.Unmarshal([]byte(svg), &picture))
		assert.Equal(t, "svg", picture.XMLName.Local)
		assert.NotEmpty(t, picture.Title)
	}
}
