package jsonl_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/jsonl"
)

// record is a small one without a fault.
func record(run string) results.Record {
	return results.Record{
		Schema: results.Schema, RunID: run, Time: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC), Status: results.StatusOK,
		Host:     results.Host{OS: "darwin", Arch: "arm64", Chip: "Apple M4", Cores: 10, MemoryBytes: 16 << 30},
		Runtime:  results.Runtime{Name: "llama.cpp", Version: "b7000"},
		Model:    results.Model{Ref: "/models/qwen3.gguf", Name: "qwen3-0.6b", Arch: "qwen3"},
		Case:     results.Case{Kind: results.KindDecode, NGen: 128},
		Measured: &results.Measured{SamplesNS: []int64{1_000_000, 1_010_000}, Rounds: []int{0, 0}},
	}
}

func lines(t *testing.T, records ...results.Record) string {
	t.Helper()
	var b bytes.Buffer
	w := jsonl.NewWriter(&b)
	for _, rec := range records {
		require.NoError(t, w.Write(rec))
	}
	return b.String()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	want := []results.Record{record("r1"), record("r1"), record("r2")}
	want[1].Status, want[1].Error, want[1].Log = results.StatusFailed, "worker died", []string{"<b>\x1b[31m"}
	runs, err := jsonl.ReadRuns(strings.NewReader(lines(t, want...)), "night.jsonl")
	require.NoError(t, err)
	require.Len(t, runs, 2)
	assert.Equal(t, results.Run{ID: "r1", Source: "night.jsonl", Records: want[:2]}, runs[0])
	assert.Equal(t, want[2:], runs[1].Records)
}

func TestLinesThatAreNoRecords(t *testing.T) {
	good := lines(t, record("r1"))
	tests := []struct{ name, line, want string }{
		{"text", "hello", "night.jsonl:2: no record in JSON: invalid character 'h'"},
		{"NaN", strings.Replace(good, `"samples_ns":[`, `"samples_ns":[NaN,`, 1), "invalid character 'N'"},
		{"infinite", strings.Replace(good, `"measured":{`, `"measured":{"host_ns_per_token":1e999,`, 1), "1e999"},
		{"no time passed", strings.Replace(good, `"samples_ns":[`, `"samples_ns":[0,`, 1), "samples_ns[0] is 0"},
		{"rounds", strings.Replace(good, `"rounds":[0,`, `"rounds":[`, 1), "1 entries for 2 samples"},
		{"future", strings.Replace(good, `"schema":1`, `"schema":99`, 1), "schema 99 is newer"},
		{"negative", strings.Replace(good, `"n_gen":128`, `"n_gen":-7`, 1), "case.n_gen is -7"},
		{"far future", strings.Replace(good, `"time":"2026`, `"time":"9999`, 1), "year 9999"},
		{"no schema", strings.Replace(good, `"schema":1,`, "", 1), "schema is 0"},
		{"no run", strings.Replace(good, `"r1"`, `""`, 1), `run_id is ""`},
		{"path as run", strings.Replace(good, `"r1"`, `"../r1"`, 1), `run_id is "../r1"`},
		{"status", strings.Replace(good, `"ok"`, `"fine"`, 1), `status is "fine"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := jsonl.ReadRuns(strings.NewReader(good+strings.TrimSpace(tt.line)+"\n"+good), "night.jsonl")
			require.ErrorContains(t, err, tt.want)
			var at *jsonl.LineError
			require.ErrorAs(t, err, &at)
			assert.Equal(t, 2, at.Line)
		})
	}
}

func TestUnknownFieldsAreIgnored(t *testing.T) {
	line := strings.Replace(lines(t, record("r1")), `"host":{`, `"moon":"full","host":{"fans":2,`, 1)
	rec, err := jsonl.NewReader(strings.NewReader(line), "").Read()
	require.NoError(t, err)
	assert.Equal(t, record("r1"), rec)
}

// A file cut at every byte gives the whole records before the cut, and says
// that one broke off exactly when it did.
func TestHalfALineAtTheEnd(t *testing.T) {
	text := lines(t, record("r1"), record("r1"))
	first := strings.Index(text, "\n") + 1
	for cut := first; cut <= len(text); cut++ {
		runs, err := jsonl.ReadRuns(strings.NewReader(text[:cut]), "night.jsonl")
		require.NoError(t, err)
		require.Len(t, runs, 1)
		whole := 1
		if cut >= len(text)-1 {
			whole = 2
		}
		broken := cut > first && cut < len(text)-1
		require.Len(t, runs[0].Records, whole, "cut at %d", cut)
		require.Equal(t, broken, len(runs[0].Warnings) == 1, "cut at %d", cut)
	}
	_, err := jsonl.ReadRuns(strings.NewReader(text[:first/2]), "night.jsonl")
	assert.EqualError(t, err, "night.jsonl:1: the last line breaks off; its record was not finished and is left out")
}

func TestAppendCutsOffHalfALine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "night.jsonl")
	one := lines(t, record("r1"))
	for _, tt := range []struct {
		name, before string
		records      int
	}{
		{"no file", "", 1},
		{"whole", one, 2},
		{"no newline", strings.TrimSpace(one), 2},
		{"half a line", one + one[:100], 2},
		{"only half a line", one[:100], 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.before != "" {
				require.NoError(t, os.WriteFile(file, []byte(tt.before), 0o644))
			}
			w, err := jsonl.Append(file)
			require.NoError(t, err)
			require.NoError(t, w.Write(record("r1")))
			require.NoError(t, w.Close())
			content, err := os.Open(file)
			require.NoError(t, err)
			defer content.Close()
			runs, err := jsonl.ReadRuns(content, file)
			require.NoError(t, err)
			assert.Len(t, runs[0].Records, tt.records)
			assert.Empty(t, runs[0].Warnings)
		})
	}
}

func TestWriterRefusesFiguresThatAreNone(t *testing.T) {
	var b bytes.Buffer
	rec := record("r1")
	rec.Measured.TokensPerSecond = &results.TokensPerSecond{Median: 1, Mean: math.NaN()}
	err := jsonl.NewWriter(&b).Write(rec)
	assert.EqualError(t, err, "write record: measured.tokens_per_second.mean is NaN; a figure that is not known is left out")
	rec.Measured.TokensPerSecond = &results.TokensPerSecond{Median: 1, Mean: 1, CI95: &[2]float64{0, math.Inf(1)}}
	err = jsonl.NewWriter(&b).Write(rec)
	assert.ErrorContains(t, err, "measured.tokens_per_second.ci95[1] is +Inf")
	assert.Empty(t, b.String())
}

// half writes half of what it is given and fails, as a full disk does.
type half struct{ bytes.Buffer }

func (h *half) Write(p []byte) (int, error) {
	n, _ := h.Buffer.Write(p[:len(p)/2])
	return n, errors.New("no space left on device")
}

func TestWriterStaysFailed(t *testing.T) {
	var disk half
	w := jsonl.NewWriter(&disk)
	require.EqualError(t, w.Write(record("r1")), "write record: no space left on device")
	size := disk.Len()
	require.Error(t, w.Write(record("r1")))
	assert.Equal(t, size, disk.Len())
}

func FuzzReader(f *testing.F) {
	var b bytes.Buffer
	if err := jsonl.NewWriter(&b).Write(record("r1")); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(append(b.Bytes(), b.Bytes()[:80]...))
	f.Add([]byte("\n\n{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		in := jsonl.NewReader(bytes.NewReader(text), "fuzz")
		for {
			rec, err := in.Read()
			if err == io.EOF {
				return
			}
			if err != nil {
				_, again := in.Read()
				require.Equal(t, err, again)
				return
			}
			require.NoError(t, jsonl.NewWriter(io.Discard).Write(rec), "a record that was read can be written")
		}
	})
}
