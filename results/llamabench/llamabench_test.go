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

var readers = map[string]func([]byte) (llamabench.Table, error){
	"json": llamabench.ReadJSON, "jsonl": llamabench.ReadJSONL, "csv": llamabench.ReadCSV, "sql": llamabench.ReadSQL,
}

// rowsOf reads a text of which every row can be read.
func rowsOf(t *testing.T, format string, text []byte) []llamabench.Row {
	table, err := readers[format](text)
	require.NoError(t, err)
	require.Empty(t, table.Skipped)
	return table.Rows
}

func TestRealOutput(t *testing.T) {
	for format := range readers {
		t.Run(format, func(t *testing.T) {
			rows := rowsOf(t, format, real(t, format))
			require.Len(t, rows, 4)
			row := rows[3]
			assert.Equal(t, "llama ?B F16", row.ModelType)
			assert.Equal(t, "/models/tiny.gguf", row.ModelFilename)
			assert.Equal(t, int64(214272), *row.ModelSize)
			assert.Equal(t, []int{0, 16, 128}, []int{row.Case.NPrompt, row.Case.NGen, row.Case.NDepth})
			assert.Equal(t, "auto", row.Case.FlashAttn)
			assert.Equal(t, 50, row.Case.Poll.Percent())
			assert.Positive(t, row.AvgTS)
			if strings.HasPrefix(format, "json") {
				assert.Len(t, row.SamplesNS, 6)
			}

			runs := llamabench.ToRuns(rows, "real."+format)
			require.Len(t, runs, 1)
			rec := runs[0].Records[3]
			require.NoError(t, rec.Validate())
			assert.Equal(t, results.Key("llama.cpp tiny F16 size=214272 params=106816 decode flash_attn=auto n_batch=2048 n_ctx=144 n_depth=128 "+
				"n_gen=16 n_gpu_layers=99 n_seq=1 n_threads=2 n_ubatch=512 type_k=f16 type_v=f16"), rec.Key())
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
	rows := rowsOf(t, "json", real(t, "json"))
	runs := llamabench.ToRuns(rows, "real.json")
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
		row.Case.NGPULayers = 99 // -1 is all layers, which is what 99 is here
		assert.Equal(t, row, again, "every other field comes back")
	}
}

// A model's type is what stands behind architecture and size, whatever the release
// puts around it.
func TestModelType(t *testing.T) {
	first, _, _ := strings.Cut(string(real(t, "jsonl")), "\n")
	for modelType, want := range map[string]string{
		"llama 8B Q4_K - Medium":                   "Q4_K - Medium",
		"llama ?B F16":                             "F16",
		"llama ?B (guessed) Q8_0":                  "Q8_0",
		"llama 7B all F32 (guessed)":               "all F32",
		"llama 7B mostly Q4_0":                     "Q4_0",
		"llama4 17Bx16E (Scout) Q4_K - Medium":     "Q4_K - Medium",
		"qwen3moe 30B.A3B IQ4_XS - 4.25 bpw":       "IQ4_XS - 4.25 bpw",
		"bitnet ?B TQ2_0 - 2.06 bpw ternary":       "TQ2_0 - 2.06 bpw ternary",
		"gpt-oss 20B MXFP4 MoE":                    "MXFP4 MoE",
		"llama 8B unknown, may not work (guessed)": "",
		"llama": "",
		"":      "",
	} {
		rows := rowsOf(t, "jsonl", []byte(strings.Replace(first, `"llama ?B F16"`, `"`+modelType+`"`, 1)))
		rec := llamabench.ToRuns(rows, "x")[0].Records[0]
		assert.Equal(t, want, rec.Model.FileType, modelType)
		again := llamabench.ToRuns(llamabench.FromRecords([]results.Record{rec}), "x")[0].Records[0]
		assert.Equal(t, rec.Key(), again.Key(), "%s: what is exported is imported as the same case", modelType)
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
		read  func([]byte) (llamabench.Table, error)
	}{
		"json":  {func(b *bytes.Buffer) error { return llamabench.WriteJSON(b, want) }, llamabench.ReadJSON},
		"jsonl": {func(b *bytes.Buffer) error { return llamabench.WriteJSONL(b, want) }, llamabench.ReadJSONL},
		"csv":   {func(b *bytes.Buffer) error { return llamabench.WriteCSV(b, want) }, llamabench.ReadCSV},
		"sql":   {func(b *bytes.Buffer) error { return llamabench.WriteSQL(b, want) }, llamabench.ReadSQL},
	} {
		t.Run(format, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, f.write(&b))
			table, err := f.read(b.Bytes())
			require.NoError(t, err)
			got := table.Rows
			require.Len(t, got, len(want))
			name := want[0].ModelFilename
			if format == "sql" {
				name = strings.ReplaceAll(name, "\x00", "")
			}
			assert.Equal(t, name, got[1].ModelFilename)
			assert.Equal(t, name, got[1].Case.TypeK)
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
	require.NoError(t, db.QueryRow(`SELECT count(*), count(model_size) FROM llama_bench WHERE avg_ns = 1000 AND n_prompt = 512`).Scan(&n,
		&size))
	assert.Equal(t, []int{2, 0}, []int{n, size})
}

func TestRunsAreToldApart(t *testing.T) {
	rows := rowsOf(t, "json", real(t, "json"))
	twice := llamabench.ToRuns(append(rows, rows...), "x")
	require.Len(t, twice, 2, "a repeated test begins a run")
	newer := append([]llamabench.Row{}, rows...)
	newer[2].BuildCommit, newer[3].BuildCommit = "abcdef0", "abcdef0"
	runs := llamabench.ToRuns(newer, "x")
	require.Len(t, runs, 2, "another build is another run")
	assert.NotEqual(t, runs[0].ID, runs[1].ID)
	again := llamabench.ToRuns(newer, "y")
	assert.Equal(t, runs[1].ID, again[1].ID, "the id comes from the rows")

	rows[1].Case.NDepth, rows[1].Case.TensorOverrides = rows[3].Case.NDepth, "exps=CPU"
	runs = llamabench.ToRuns(rows, "x")
	require.Len(t, runs, 1)
	assert.Contains(t, runs[0].Records[1].Key(), ` tensor_buft_overrides=exps=CPU`)
}

func TestBadInput(t *testing.T) {
	good := string(real(t, "jsonl"))
	first, rest, _ := strings.Cut(good, "\n")
	damaged := func(from, to string) string { return strings.Replace(first, from, to, 1) }
	for name, tt := range map[string]struct{ format, text, want string }{
		"infinite":        {"jsonl", damaged(`"avg_ns": `, `"avg_ns": 1e999, "x": `), `avg_ns is "1e999"`},
		"no time":         {"jsonl", damaged(`"avg_ns": `, `"avg_ns": 0, "x": `), "avg_ns is 0"},
		"negative sample": {"jsonl", damaged(`"samples_ns": [`, `"samples_ns": [-4,`), "samples_ns[0] is -4"},
		"no tokens":       {"jsonl", damaged(`"n_prompt": 64`, `"n_prompt": 0`), "at least one token"},
		"tokens in words": {"jsonl", damaged(`"n_prompt": 64`, `"n_prompt": "many"`), `n_prompt is "many"`},
		"no date":         {"jsonl", damaged(`"test_time": "`, `"test_time": "about `), "test_time is"},
		"half a line":     {"jsonl", first[:90], "breaks off"},
		"text in CSV":     {"csv", "build_commit,n_prompt,avg_ns\na,many,5\n", `line 2: n_prompt is "many"`},
		"short row":       {"csv", "build_commit,n_prompt,avg_ns\na,64\n", "2 values for 3 columns"},
		"no object":       {"json", "[3]", "it is not llama-bench's JSON"},
		"one of a list":   {"json", "[{},\n3]", "test 1: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readers[tt.format]([]byte(tt.text))
			require.ErrorContains(t, err, tt.want, "a file of which nothing can be read")
			if tt.format != "jsonl" {
				return
			}
			table, err := llamabench.ReadJSONL([]byte(tt.text + "\n" + rest))
			require.NoError(t, err, "the row costs itself")
			require.Len(t, table.Skipped, 1)
			assert.ErrorContains(t, table.Skipped[0], "line 1: ")
			assert.ErrorContains(t, table.Skipped[0], tt.want)
			assert.Len(t, table.Rows, 3)
		})
	}
}

// library is what a library prints while it loads; some of it looks like the
// beginning of a format.
const library = "ggml_metal_device_init: it's GPU name: MTL0\n[1] 4711\n[load] build_commit, of sorts\n{\"not\": \"ours\n"

// Standard error in the same file, in front of the rows or behind them.
func TestWhatStandsAround(t *testing.T) {
	for format := range readers {
		t.Run(format, func(t *testing.T) {
			want := rowsOf(t, format, real(t, format))
			table, err := readers[format]([]byte(library + string(real(t, format))))
			require.NoError(t, err)
			assert.Equal(t, want, table.Rows)
			if format == "json" || format == "jsonl" {
				table, err = readers[format]([]byte(string(real(t, format)) + "\nggml_metal_free: deallocating\n"))
				require.NoError(t, err)
				assert.Equal(t, want, table.Rows)
			}
		})
	}
}

// An interrupted llama-bench leaves the rows that it had.
func TestBrokenOff(t *testing.T) {
	for format := range readers {
		if format == "csv" {
			continue // written line by line
		}
		text := real(t, format)
		table, err := readers[format](text[:len(text)-300])
		require.NoError(t, err, format)
		assert.Len(t, table.Rows, 3, format)
		require.Len(t, table.Skipped, 1, format)
		assert.ErrorContains(t, table.Skipped[0], "breaks off", format)
	}
}

// Other releases write other types, and figures that are none.
func TestOtherTypes(t *testing.T) {
	good := string(real(t, "jsonl"))
	first, _, _ := strings.Cut(good, "\n")
	for from, tt := range map[string]struct {
		to    string
		other string
	}{
		`"poll": 50`:              {`"poll": null`, ""},
		`"main_gpu": 0`:           {`"main_gpu": "0"`, ""},
		`"devices": "auto"`:       {`"devices": ["MTL0","MTL1"]`, ""}, // a setting of its own
		`"tensor_split": "0.00"`:  {`"tensor_split": [0.0]`, ""},
		`"embeddings": false`:     {`"embeddings": 0`, ""},
		`"no_kv_offload": false`:  {`"no_kv_offload": "true"`, ""}, // a setting of its own
		`"avg_ts": `:              {`"avg_ts": nan, "x": `, ""},
		`"stddev_ts": `:           {`"stddev_ts": -inf, "x": `, ""},
		`"split_mode": "layer"`:   {`"split_mode": {"a": [1]}, "split": "layer"`, `split_mode={"a": [1]}`},
		`"n_gpu_layers": -1`:      {`"n_gpu_layers": "-1"`, ""},
		`"build_commit": "`:       {`"spec_type": [[]], "build_commit": "`, ""},
		`"cpu_strict": false`:     {`"cpu_strict": "perhaps"`, ""},
		`"flash_attn": -1`:        {`"flash_attn": "auto"`, ""},
		`"no_op_offload": 0`:      {`"no_op_offload": false`, ""},
		`"tensor_buft_overrides"`: {`"tensor_buft_overrides": null, "y"`, ""},
	} {
		require.Contains(t, first, from)
		rows := rowsOf(t, "jsonl", []byte(strings.Replace(first, from, tt.to, 1)))
		runs := llamabench.ToRuns(rows, "x")
		assert.Equal(t, tt.other, runs[0].Records[0].Case.Other, tt.to)
		assert.Equal(t, strings.Contains(tt.to, "MTL1"), runs[0].Records[0].Case.Devices == "MTL0/MTL1", tt.to)
		assert.Equal(t, strings.Contains(tt.to, "no_kv_offload"), runs[0].Records[0].Case.NoKVOffload, tt.to)
	}
}

// sqlite3's .dump names no columns in its INSERT and adds statements.
func TestDumpOfSQLite(t *testing.T) {
	rows := rowsOf(t, "sql", []byte(`PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION; -- a comment; with a semicolon
CREATE TABLE other (x TEXT, y INTEGER);
INSERT INTO other VALUES('it''s; not ours',1);
CREATE TABLE llama_bench (
  build_commit TEXT, n_prompt INTEGER, avg_ns INTEGER, avg_ts REAL, model_size INTEGER, test_time TEXT);
INSERT INTO "llama_bench" VALUES('o''b',64,500,1.28e+08,NULL,'2026-11-20T02:00:00Z');
ATTACH DATABASE '/tmp/evil' AS x;
COMMIT;`))
	require.Len(t, rows, 1)
	assert.Equal(t, "o'b", rows[0].BuildCommit)
	assert.Equal(t, 64, rows[0].Case.NPrompt)
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
			table, err := read(text)
			if err != nil {
				continue
			}
			for _, run := range llamabench.ToRuns(table.Rows, "fuzz") {
				for _, rec := range run.Records {
					require.NoError(t, rec.Validate())
				}
			}
		}
	})
}
