package imports_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"

	"assay/results"
	"assay/results/imports"
	"assay/results/jsonl"
	"assay/results/store"
)

var options = imports.Options{
	Version: "0.31.2",
	Host:    results.Host{Name: "mini", Chip: "Apple M4", OS: "darwin"},
	Time:    time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC),
}

// testdata/one.txt and batch.txt are what mlx_lm.benchmark of mlx-lm 0.31.3
// printed for a model of two layers: -p 64 -g 32 -n 6, and -n 3 -b 2.
func TestMLX(t *testing.T) {
	runs, err := imports.ReadFile("testdata/one.txt", options)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Len(t, runs[0].Records, 2)
	prefill, decode := runs[0].Records[0], runs[0].Records[1]
	require.NoError(t, prefill.Validate())
	assert.Equal(t, results.Key("mlx one prefill n_prompt=64 n_seq=1"), prefill.Key())
	assert.Equal(t, results.Key("mlx one decode n_depth=64 n_gen=31 n_seq=1"), decode.Key())
	assert.Len(t, prefill.Measured.SamplesNS, 6)
	// Trial 1: prompt_tps=1195.945, generation_tps=66.270, total_time=0.547
	assert.InDelta(t, 64/1195.945*1e9, prefill.Measured.SamplesNS[0], 1)
	assert.InDelta(t, 32/66.270*1e9, decode.Measured.SamplesNS[0], 1)
	assert.InDelta(t, 547e6, prefill.Measured.SamplesNS[0]+decode.Measured.SamplesNS[0], 12e6, "both make up total_time")
	// Averages: prompt_tps=5191.851
	assert.InDelta(t, 5191.851, prefill.Measured.TokensPerSecond.Mean, 0.01)
	assert.Equal(t, options.Host, prefill.Host)
	assert.Equal(t, "0.31.2", prefill.Runtime.Version)
	assert.Equal(t, options.Time, prefill.Time)

	runs, err = imports.ReadFile("testdata/batch.txt", options)
	require.NoError(t, err)
	decode = runs[0].Records[1]
	assert.Equal(t, results.Key("mlx batch decode n_depth=64 n_gen=32 n_seq=2"), decode.Key())
	assert.InDelta(t, 636.355, decode.Measured.TokensPerSecond.Mean, 0.01)
}

func TestMLXCallsAreRounds(t *testing.T) {
	one, err := os.ReadFile("testdata/one.txt")
	require.NoError(t, err)
	text := "$ mlx_lm.benchmark --model mlx-community/Qwen3-4B-4bit -p 64\n" + string(one) +
		"$ python -m mlx_lm benchmark --model=other/model\n" + string(one) +
		"$ mlx_lm.benchmark --model mlx-community/Qwen3-4B-4bit -p 64\n" + string(one)
	runs, err := imports.Read([]byte(text), "night.txt", options)
	require.NoError(t, err)
	require.Len(t, runs[0].Records, 4)
	first := runs[0].Records[0]
	assert.Equal(t, "mlx-community/Qwen3-4B-4bit", first.Model.Ref)
	assert.Equal(t, "Qwen3-4B-4bit", first.Model.Name)
	assert.Equal(t, []int{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}, first.Measured.Rounds)
	assert.Equal(t, "model", runs[0].Records[2].Model.Name)
}

func TestFormatsAreToldApart(t *testing.T) {
	for _, name := range []string{"real.json", "real.jsonl", "real.csv", "real.sql"} {
		runs, err := imports.ReadFile("../llamabench/testdata/"+name, options)
		require.NoError(t, err, name)
		require.Len(t, runs, 1)
		assert.Len(t, runs[0].Records, 4)
		assert.Equal(t, results.Host{Name: "mini", Chip: "CPU", OS: "darwin"}, runs[0].Records[0].Host, "the file's chip wins")
		assert.Equal(t, strings.HasPrefix(name, "real.json"), runs[0].Warnings == nil, name)
	}
	file := filepath.Join(t.TempDir(), "run")
	w, err := jsonl.Append(file)
	require.NoError(t, err)
	rec := results.Record{Schema: 1, RunID: "r1", Time: options.Time, Status: results.StatusOK}
	require.NoError(t, w.Write(rec))
	require.NoError(t, w.Close())
	runs, err := imports.ReadFile(file, imports.Options{})
	require.NoError(t, err)
	assert.Equal(t, []results.Record{rec}, runs[0].Records)
}

// llama-bench.sqlite is what llama-bench -o sql | sqlite3 makes.
func TestSQLiteFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "llama-bench.sqlite")
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	text, err := os.ReadFile("../llamabench/testdata/real.sql")
	require.NoError(t, err)
	_, err = db.Exec(string(text))
	require.NoError(t, err)
	require.NoError(t, db.Close())
	got, err := imports.ReadFile(file, options)
	require.NoError(t, err)
	want, err := imports.Read(text, file, options)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// What was imported goes into a store, twice as well as once.
func TestImportedRunsAreStored(t *testing.T) {
	ctx := context.Background()
	st, err := store.Open(ctx, filepath.Join(t.TempDir(), "s.db"))
	require.NoError(t, err)
	defer st.Close()
	for _, file := range []string{"testdata/one.txt", "../llamabench/testdata/real.jsonl"} {
		for _, want := range []bool{true, false} {
			runs, err := imports.ReadFile(file, options)
			require.NoError(t, err)
			added, err := st.Import(ctx, runs[0])
			require.NoError(t, err)
			assert.Equal(t, want, added > 0, "%s", file)
			stored, err := st.Run(ctx, runs[0].ID)
			require.NoError(t, err)
			assert.Equal(t, runs[0].Records, stored.Records)
		}
	}
}

func TestRefused(t *testing.T) {
	timing := "Timing with prompt_tokens=64, generation_tokens=32, batch_size=1.\n"
	for text, want := range map[string]string{
		"\n":          "holds no record",
		"hello":       "of no known format",
		"[]":          "llama-bench JSON without a result",
		"caf\xe9 [":   "of no known format",
		`[{"a":1}]`:   "at least one token",
		"[{":          "it is not llama-bench's JSON",
		`{"run_id":1`: "the last line breaks off",
		`{"build_commit": "a", "n_prompt": 64, "avg_ns": 5, "test_time": ""}`: `line 1: test_time is ""`,
		timing: "a call without a finished trial",
		timing + "Trial 1:  prompt_tps=nan, generation_tps=1.0, peak_memory=0.1": `line 2: "nan" is not a speed`,
		timing + "Trial 1:  prompt_tps=inf, generation_tps=1.0, peak_memory=0.1": `line 2: "inf" is not a speed`,
		timing + "Trial 1:  prompt_tps=0.0, generation_tps=1.0, peak_memory=0.1": `line 2: "0.0" is not a speed`,
		strings.Replace(timing, "=32", "=1", 1):                                  "line 1: nothing can be timed",
		"Trial 1:  prompt_tps=1, generation_tps=1.0, peak_memory=0.1\n" + timing: "line 1: a trial before",
	} {
		_, err := imports.Read([]byte(text), "f", options)
		assert.ErrorContains(t, err, want, text)
	}
	_, err := imports.ReadFile("testdata/llama-bench.md", options)
	assert.ErrorContains(t, err, "run llama-bench with -o jsonl")
	_, err = imports.ReadFile("testdata/none", options)
	assert.ErrorContains(t, err, "no such file")
	_, err = imports.Read([]byte(timing+"Trial 1:  prompt_tps=1, generation_tps=1.0, peak_memory=0.1"), "f", imports.Options{})
	assert.ErrorContains(t, err, "does not say when it was measured")
}

func FuzzRead(f *testing.F) {
	for _, file := range []string{"testdata/one.txt", "testdata/batch.txt", "testdata/llama-bench.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		runs, err := imports.Read(text, "fuzz", options)
		if err != nil {
			return
		}
		for _, run := range runs {
			for _, rec := range run.Records {
				require.NoError(t, rec.Validate())
			}
		}
	})
}

// PowerShell's redirection writes UTF-16, editors put a mark in front of UTF-8.
func TestEncodings(t *testing.T) {
	for _, name := range []string{"real.json", "real.jsonl", "real.csv", "real.sql"} {
		text, err := os.ReadFile("../llamabench/testdata/" + name)
		require.NoError(t, err)
		want, err := imports.Read(text, name, options)
		require.NoError(t, err)
		assert.NotEmpty(t, want[0].Records[0].Runtime.Version)
		for kind, enc := range map[string]encoding.Encoding{
			"UTF-8 with a mark":          unicode.UTF8BOM,
			"UTF-16, little, marked":     unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
			"UTF-16, big, marked":        unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
			"UTF-16, little, not marked": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
			"UTF-16, big, not marked":    unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
		} {
			encoded, err := enc.NewEncoder().Bytes(text)
			require.NoError(t, err)
			got, err := imports.Read(encoded, name, options)
			require.NoError(t, err, "%s, %s", name, kind)
			assert.Equal(t, want, got, "%s, %s", name, kind)
		}
	}
}

func TestRowsLeftOutAreCounted(t *testing.T) {
	text, err := os.ReadFile("../llamabench/testdata/real.jsonl")
	require.NoError(t, err)
	bad := strings.Replace(string(text), `"n_prompt": 64`, `"n_prompt": "?"`, 1)
	runs, err := imports.Read([]byte(bad), "f.jsonl", options)
	require.NoError(t, err)
	require.Len(t, runs[0].Records, 3)
	require.Len(t, runs[0].Warnings, 1)
	assert.Contains(t, runs[0].Warnings[0], `f.jsonl: 1 of 4 rows cannot be read and are left out (line 1: n_prompt is "?"`)
}
