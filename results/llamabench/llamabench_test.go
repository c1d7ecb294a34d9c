package llamabench_test

import (
	"bytes"
	"database/sql"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"assay/results"
	"assay/results/llamabench"
)

// The files real.* are what llama-bench 0.7.0 (build 11669) printed:
//
//	llama-bench -m tiny.gguf -p 64 -n 16 -d 0,128 -r 6 -t 2 -o json|jsonl|csv|sql
//
// on a model of two layers, with the model's folder changed.
func real(t *testing.T, format string) []byte {
	text, err := os.ReadFile("testdata/real." + format)
	require.NoError(t, err)
	return text
}

func readJSONL(text []byte) ([]llamabench.Row, error) {
	rows, _, err := llamabench.ReadJSONL(text)
	return rows, err
}

var readers = map[string]func([]byte) ([]llamabench.Row, error){
	"json": llamabench.ReadJSON, "jsonl": readJSONL, "csv": llamabench.ReadCSV, "sql": llamabench.ReadSQL,
}

func TestRealOutput(t *testing.T) {
	for format, read := range readers {
		t.Run(format, func(t *testing.T) {
			rows, err := read(real(t, format))
			require.NoError(t, err)
			require.Len(t, rows, 4)
			row := rows[3]
			assert.Equal(t, "llama ?B F16", row.ModelType)
			assert.Equal(t, "/models/tiny.gguf", row.ModelFilename)
			assert.Equal(t, int64(214272), *row.ModelSize)
			assert.Equal(t, []int64{0, 16, 128}, []int64{row.NPrompt, row.NGen, row.NDepth})
			assert.Equal(t, int64(-1), int64(row.FlashAttn))
			assert.Equal(t, int64(50), row.Poll)
			assert.Positive(t, row.AvgTS)
			if strings.HasPrefix(format, "json") {
				assert.Len(t, row.SamplesNS, 6)
			}

			runs, err := llamabench.ToRuns(rows, "real."+format)
			require.NoError(t, err)
			require.Len(t, runs, 1)
			rec := runs[0].Records[3]
			require.NoError(t, rec.Validate())
			assert.Equal(t, results.Key("llama.cpp tiny f16 decode flash_attn=auto n_batch=2048 n_ctx=144 n_depth=128 n_gen=16 n_gpu_layers=-1 n_seq=1 n_threads=2 n_ubatch=512 type_k=f16 type_v=f16"), rec.Key())
			assert.Equal(t, "b11669-Debian", rec.Runtime.Version)
			assert.Equal(t, "tg16 @ d128", rec.Case.Test())
			want := row.AvgTS
			if len(row.SamplesNS) == 0 { // the mean of the times stands as the one sample
				want = 16e9 / float64(row.AvgNS)
			}
			assert.InEpsilon(t, want, rec.Measured.TokensPerSecond.Mean, 1e-6)
			assert.Equal(t, 2026, rec.Time.Year())
		})
	}
}

// What llama-bench computed of its samples is what assay computes of them.
func TestFiguresOfSamples(t *testing.T) {
	rows, err := llamabench.ReadJSON(real(t, "json"))
	require.NoError(t, err)
	runs, err := llamabench.ToRuns(rows, "real.json")
	require.NoError(t, err)
	for i, again := range llamabench.FromRecords(runs[0].Records) {
		row := rows[i]
		assert.InDelta(t, row.AvgNS, again.AvgNS, 1)
		assert.InDelta(t, row.StddevNS, again.StddevNS, 1)
		assert.InDelta(t, row.AvgTS, again.AvgTS, 1e-5)
		assert.InDelta(t, row.StddevTS, again.StddevTS, 1e-5)
		assert.Equal(t, row.SamplesNS, again.SamplesNS)
		assert.InDelta(t, row.AvgTS, runs[0].Records[i].Measured.TokensPerSecond.Mean, 1e-5)
		again.ModelType, again.AvgTS, again.StddevTS = row.ModelType, row.AvgTS, row.StddevTS
		again.AvgNS, again.StddevNS, again.SamplesTS = row.AvgNS, row.StddevNS, row.SamplesTS
		assert.Equal(t, row, again, "every other field comes back")
	}
}

// hostile is a record whose names try to break out of every format.
func hostile() results.Record {
	name := "a'b\"c,d\n');DROP TABLE llama_bench;--\x1b[31m<b>\x00ü"
	return results.Record{
		Schema: results.Schema, RunID: "r1", Time: time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC), Status: results.StatusOK,
		Host: results.Host{Chip: name}, Runtime: results.Runtime{Name: "llama.cpp", Version: name, Device: name},
		Model:    results.Model{Ref: name, Name: name, WeightType: name},
		Case:     results.Case{Kind: results.KindPrefill, NPrompt: 512, TypeK: name},
		Measured: &results.Measured{SamplesNS: []int64{1000, 1001}},
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	want := llamabench.FromRecords([]results.Record{hostile(), hostile()})
	require.Len(t, want, 2)
	for format, f := range map[string]struct {
		write func(*bytes.Buffer) error
		read  func([]byte) ([]llamabench.Row, error)
	}{
		"json":  {func(b *bytes.Buffer) error { return llamabench.WriteJSON(b, want) }, llamabench.ReadJSON},
		"jsonl": {func(b *bytes.Buffer) error { return llamabench.WriteJSONL(b, want) }, readJSONL},
		"csv":   {func(b *bytes.Buffer) error { return llamabench.WriteCSV(b, want) }, llamabench.ReadCSV},
		"sql":   {func(b *bytes.Buffer) error { return llamabench.WriteSQL(b, want) }, llamabench.ReadSQL},
	} {
		t.Run(format, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, f.write(&b))
			got, err := f.read(b.Bytes())
			require.NoError(t, err)
			require.Len(t, got, len(want))
			name := want[0].ModelFilename
			if format == "sql" {
				name = strings.ReplaceAll(name, "\x00", "")
			}
			assert.Equal(t, name, got[1].ModelFilename)
			assert.Equal(t, name, got[1].TypeK)
			assert.Nil(t, got[1].ModelSize, "what is not known stays so")
			assert.Equal(t, want[1].AvgNS, got[1].AvgNS)
		})
	}
}

// The SQL goes into a real SQLite and nothing in it is executed but the two
// statements that were meant.
func TestSQLiteReadsTheSQL(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	var b bytes.Buffer
	require.NoError(t, llamabench.WriteSQL(&b, llamabench.FromRecords([]results.Record{hostile(), hostile()})))
	_, err = db.Exec(b.String())
	require.NoError(t, err)
	var n, size int
	require.NoError(t, db.QueryRow(`SELECT count(*), count(model_size) FROM llama_bench WHERE avg_ns = 1000 AND n_prompt = 512`).Scan(&n, &size))
	assert.Equal(t, []int{2, 0}, []int{n, size})
}

func TestRunsAreToldApart(t *testing.T) {
	rows, err := llamabench.ReadJSON(real(t, "json"))
	require.NoError(t, err)
	twice, err := llamabench.ToRuns(append(rows, rows...), "x")
	require.NoError(t, err)
	require.Len(t, twice, 2, "a repeated test begins a run")
	newer := append([]llamabench.Row{}, rows...)
	newer[2].BuildCommit, newer[3].BuildCommit = "abcdef0", "abcdef0"
	runs, err := llamabench.ToRuns(newer, "x")
	require.NoError(t, err)
	require.Len(t, runs, 2, "another build is another run")
	assert.NotEqual(t, runs[0].ID, runs[1].ID)
	again, err := llamabench.ToRuns(newer, "y")
	require.NoError(t, err)
	assert.Equal(t, runs[1].ID, again[1].ID, "the id comes from the rows")

	rows[1].NDepth, rows[1].TensorBuftOverrides = rows[3].NDepth, "exps=CPU"
	runs, err = llamabench.ToRuns(rows, "x")
	require.NoError(t, err)
	require.Len(t, runs, 1)
	assert.Contains(t, runs[0].Records[1].Key(), `other=tensor_buft_overrides=exps=CPU`)
}

func TestBadInput(t *testing.T) {
	good := string(real(t, "jsonl"))
	first, _, _ := strings.Cut(good, "\n")
	for name, tt := range map[string]struct{ format, text, want string }{
		"NaN":             {"jsonl", strings.Replace(good, `"avg_ts": `, `"avg_ts": nan, "x": `, 1), "line 1: invalid character"},
		"infinite":        {"jsonl", strings.Replace(good, `"avg_ts": `, `"avg_ts": 1e999, "x": `, 1), "1e999"},
		"no time":         {"jsonl", strings.Replace(good, `"avg_ns": `, `"avg_ns": 0, "x": `, 1), "avg_ns is 0"},
		"negative sample": {"jsonl", strings.Replace(good, `"samples_ns": [`, `"samples_ns": [-4,`, 1), "samples_ns[0] is -4"},
		"no tokens":       {"jsonl", strings.Replace(good, `"n_prompt": 64`, `"n_prompt": 0`, 1), "at least one token"},
		"NaN in CSV":      {"csv", "build_commit,n_prompt,avg_ns,avg_ts\na,64,5,nan\n", `line 2: avg_ts is "nan"`},
		"text in CSV":     {"csv", "build_commit,n_prompt,avg_ns\na,many,5\n", `line 2: n_prompt is "many"`},
		"short row":       {"csv", "build_commit,n_prompt,avg_ns\na,64\n", "2 values for 3 columns"},
		"cut SQL":         {"sql", string(real(t, "sql"))[:2000], "breaks off"},
		"no object":       {"json", "[3]", "test 1: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readers[tt.format]([]byte(tt.text))
			require.ErrorContains(t, err, tt.want)
		})
	}
	rows, cut, err := llamabench.ReadJSONL([]byte(first + "\n" + first[:90]))
	require.NoError(t, err)
	assert.True(t, cut)
	assert.Len(t, rows, 1)
	_, err = llamabench.ToRuns([]llamabench.Row{{TestTime: "yesterday"}}, "x")
	assert.ErrorContains(t, err, `test_time is "yesterday"`)
}

// sqlite3's .dump names no columns in its INSERT and adds statements.
func TestDumpOfSQLite(t *testing.T) {
	rows, err := llamabench.ReadSQL([]byte(`PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION; -- a comment; with a semicolon
CREATE TABLE other (x TEXT, y INTEGER);
INSERT INTO other VALUES('it''s; not ours',1);
CREATE TABLE llama_bench (
  build_commit TEXT, n_prompt INTEGER, avg_ns INTEGER, avg_ts REAL, model_size INTEGER);
INSERT INTO "llama_bench" VALUES('o''b',64,500,1.28e+08,NULL);
ATTACH DATABASE '/tmp/evil' AS x;
COMMIT;`))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	assert.Equal(t, "o'b", rows[0].BuildCommit)
	assert.Equal(t, int64(64), rows[0].NPrompt)
	assert.Equal(t, 1.28e8, rows[0].AvgTS)
	assert.Nil(t, rows[0].ModelSize)
}

func FuzzReaders(f *testing.F) {
	for _, format := range []string{"json", "jsonl", "csv", "sql"} {
		text, err := os.ReadFile("testdata/real." + format)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, read := range readers {
			rows, err := read(text)
			if err != nil {
				continue
			}
			runs, err := llamabench.ToRuns(rows, "fuzz")
			if err != nil {
				continue
			}
			for _, run := range runs {
				for _, rec := range run.Records {
					require.NoError(t, rec.Validate())
				}
			}
		}
	})
}
