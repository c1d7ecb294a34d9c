package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
	"assay/results/store"
)

var night = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)

// onBoth runs a test against SQLite and, where ASSAY_TEST_POSTGRES names a
// server (scripts/with-postgres starts one), against PostgreSQL. dsn is the
// same empty database at every call.
func onBoth(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "a store?#%.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, postgresSchema(t)) })
}

// postgresSchema returns a DSN whose tables go into a new schema.
func postgresSchema(t testing.TB) string {
	dsn := os.Getenv("ASSAY_TEST_POSTGRES")
	if dsn == "" {
		t.Skip("ASSAY_TEST_POSTGRES is not set; scripts/with-postgres sets it")
	}
	name := fmt.Sprintf("t%d", time.Now().UnixNano())
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Exec("CREATE SCHEMA " + name)
	require.NoError(t, err)
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

func open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	st, err := store.Open(context.Background(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { st.Close() })
	return st
}

// record is a result of case i of a run, with figures of its own.
func record(run string, i int) results.Record {
	kv := int64(1 << 20)
	return results.Record{
		Schema:  results.Schema,
		RunID:   run,
		Time:    night.Add(time.Duration(i) * time.Second),
		Status:  results.StatusOK,
		Host:    results.Host{Name: "mini", OS: "darwin", Arch: "arm64", Chip: "Apple M4", Cores: 10, MemoryBytes: 16 << 30},
		Runtime: results.Runtime{Name: "llama.cpp", Version: "b7000"},
		Model:   results.Model{Ref: "/models/qwen3.gguf", Name: "qwen3-0.6b", Arch: "qwen3"},
		Case:    results.Case{Kind: results.KindDecode, NCtx: 4096, NGen: 128, NDepth: 512 * i},
		Predicted: &results.Predicted{
			Rules: "exact", KVBytes: &kv,
			KVLayers: []results.KVLayer{{Layer: 0, Class: "full", Cells: 4096, KBytes: kv / 2, VBytes: kv / 2}},
			Seconds:  &results.Interval{Value: 0.5, Lo: 0.4, Hi: 0.6},
		},
		Measured: &results.Measured{
			KVBytes: &kv, SamplesNS: []int64{1_000_000 + int64(i), 990_000, 1_010_000}, Rounds: []int{0, 0, 1},
			FLOPsByOp: map[string]int64{"MUL_MAT": 12},
		},
	}
}

func runOf(id string, cases int) results.Run {
	run := results.Run{ID: id, Source: id + ".jsonl"}
	for i := range cases {
		run.Records = append(run.Records, record(id, i))
	}
	return run
}

func begin(t testing.TB, st *store.Store, id string, at time.Time) {
	t.Helper()
	require.NoError(t, st.BeginRun(context.Background(), store.RunInfo{ID: id, Machine: "mini (Apple M4)", Started: at, Suite: "builtin"}))
}

func TestWhatIsAddedIsRead(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := context.Background()
		st := open(t, dsn)
		begin(t, st, "r1", night)
		want := runOf("r1", 3)
		want.Records[1].Status, want.Records[1].Error, want.Records[1].Measured = results.StatusFailed, "the worker died", nil
		for _, rec := range want.Records {
			require.NoError(t, st.Add(ctx, rec))
			require.NoError(t, st.Add(ctx, rec), "the same again")
		}
		require.NoError(t, st.FinishRun(ctx, "r1", night.Add(time.Hour)))
		require.NoError(t, st.Close())

		st = open(t, dsn)
		for range 2 { // read, then from memory
			got, err := st.Run(ctx, "r1")
			require.NoError(t, err)
			assert.Equal(t, want.Records, got.Records)
		}
		finished := night.Add(time.Hour)
		runs, err := st.Runs(ctx, store.Filter{})
		require.NoError(t, err)
		assert.Equal(t, []store.RunInfo{{
			ID: "r1", Machine: "mini (Apple M4)", Started: night, Finished: &finished, Suite: "builtin", OK: 2, Failed: 1,
		}}, runs)
	})
}

// fill sets everything below v to something that is not zero.
func fill(v reflect.Value, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		v.SetInt(*n)
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(fmt.Sprintf("</script>\x1b[31m\x00 ü %d", *n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, n)
		v.SetMapIndex(reflect.ValueOf("MUL_MAT"), value)
	case reflect.Struct:
		if at, ok := v.Addr().Interface().(*time.Time); ok {
			*at = night
			return
		}
		for i := range v.NumField() {
			f := v.Field(i)
			if f.Kind() == reflect.Map && f.Type().Elem() == reflect.PointerTo(v.Type()) {
				f.Set(reflect.MakeMap(f.Type())) // of parts of its own kind: an empty one
				f.SetMapIndex(reflect.ValueOf("MTL0"), reflect.New(v.Type()))
				continue
			}
			fill(f, n)
		}
	}
}

// A record with every field set comes back as it was, so a field that is
// added to the record cannot be forgotten by the store.
func TestEveryFieldIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := context.Background()
		st := open(t, dsn)
		var rec results.Record
		var n int64
		fill(reflect.ValueOf(&rec).Elem(), &n)
		rec.Schema, rec.RunID, rec.Status = results.Schema, "r1", results.StatusOK
		added, err := st.Import(ctx, results.Run{ID: "r1", Records: []results.Record{rec}})
		require.NoError(t, err)
		assert.Equal(t, 1, added)
		got, err := st.Run(ctx, "r1")
		require.NoError(t, err)
		assert.Equal(t, []results.Record{rec}, got.Records)
		added, err = st.Import(ctx, got)
		require.NoError(t, err)
		assert.Zero(t, added)
	})
}

func TestImport(t *testing.T) {
	changed := func(change func(*results.Record)) results.Run {
		run := runOf("r1", 3)
		for i := range run.Records {
			change(&run.Records[i])
		}
		return run
	}
	later := func(rec *results.Record) { rec.Time = rec.Time.Add(24 * time.Hour) }
	slower := func(rec *results.Record) { rec.Measured.SamplesNS[0] *= 2 }
	other := runOf("r1", 3)
	other.Records[2].Host.Name = "studio"
	mixed := runOf("r1", 3)
	mixed.Records[2].RunID = "r2"
	tests := []struct {
		name  string
		run   results.Run
		added int
		err   string
	}{
		{"the same", runOf("r1", 3), 0, ""},
		{"a part of it", runOf("r1", 2), 0, ""},
		{"more of it", runOf("r1", 5), 2, ""},
		{"another night", changed(later), 0, "run r1 is in the store with other results"},
		{"other figures", changed(slower), 0, "run r1 is in the store with other results (it has another result of llama.cpp qwen3-0.6b decode"},
		{"two machines", other, 0, "of two machines"},
		{"two runs", mixed, 0, "it has a record of run r2"},
		{"no records", results.Run{ID: "r1"}, 0, "it has no records"},
		{"a selector as id", changed(func(rec *results.Record) { rec.RunID = "latest" }), 0, "it has a record of run latest"},
	}
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := context.Background()
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				fresh := dsn + "." + filepath.Base(t.Name())
				if os.Getenv("ASSAY_TEST_POSTGRES") != "" && filepath.Ext(dsn) != ".db" {
					fresh = postgresSchema(t)
				}
				st := open(t, fresh)
				added, err := st.Import(ctx, runOf("r1", 3))
				require.NoError(t, err)
				require.Equal(t, 3, added)

				added, err = st.Import(ctx, tt.run)
				if tt.err != "" {
					require.ErrorContains(t, err, tt.err)
				} else {
					require.NoError(t, err)
				}
				assert.Equal(t, tt.added, added)
				got, err := st.Run(ctx, "r1")
				require.NoError(t, err)
				assert.Equal(t, runOf("r1", 3+tt.added).Records, got.Records, "what was stored")
				runs, err := st.Runs(ctx, store.Filter{})
				require.NoError(t, err)
				require.Len(t, runs, 1)
				assert.Equal(t, 3+tt.added, runs[0].OK)
			})
		}
	})
}

// A case that failed may be tried again in the same run; one that succeeded
// may not.
func TestRetry(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := context.Background()
		st := open(t, dsn)
		begin(t, st, "r1", night)
		failed, retried := record("r1", 0), record("r1", 0)
		failed.Status, failed.Error, failed.Measured = results.StatusFailed, "killed for memory", nil
		retried.Time = night.Add(time.Minute)
		require.NoError(t, st.Add(ctx, failed))
		begin(t, st, "r1", night.Add(time.Hour)) // resumed after a reboot
		require.NoError(t, st.Add(ctx, retried))
		again := retried
		again.Time = night.Add(2 * time.Minute)
		var conflict *store.ConflictError
		require.ErrorAs(t, st.Add(ctx, again), &conflict)

		run, err := st.Run(ctx, "r1")
		require.NoError(t, err)
		assert.Equal(t, []results.Record{failed, retried}, run.Records)
		added, err := st.Import(ctx, run)
		require.NoError(t, err, "the same run with its retry")
		assert.Zero(t, added)

		require.NoError(t, st.FinishRun(ctx, "r1", night.Add(time.Hour)))
		err = st.BeginRun(ctx, store.RunInfo{ID: "r1", Machine: "mini (Apple M4)", Started: night})
		require.ErrorAs(t, err, &conflict, "a finished run is not begun again")
	})
}

func TestAddRefuses(t *testing.T) {
	ctx := context.Background()
	st := open(t, filepath.Join(t.TempDir(), "s.db"))
	assert.ErrorContains(t, st.Add(ctx, record("r1", 0)), "the store has no run r1")
	begin(t, st, "r1", night)
	rec := record("r1", 0)
	rec.Measured.SamplesNS[1] = -5
	assert.ErrorContains(t, st.Add(ctx, rec), "samples_ns[1] is -5")
	for _, id := range []string{"latest", "baseline", "2026-11-20", "../r1", "", "a b"} {
		assert.ErrorContains(t, st.BeginRun(ctx, store.RunInfo{ID: id, Started: night}), "cannot name a run", id)
	}
}

// A run that starts when the clock has gone back is still the newest.
func TestClockThatWentBack(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := context.Background()
		st := open(t, dsn)
		for i, at := range []time.Time{night, night.Add(-48 * time.Hour), night.Add(-47 * time.Hour),
			night.Add(time.Hour), night.Add(time.Hour)} {
			id := fmt.Sprintf("r%d", i)
			begin(t, st, id, at)
			require.NoError(t, st.Add(ctx, record(id, 0)))
		}
		runs, err := st.Runs(ctx, store.Filter{})
		require.NoError(t, err)
		var ids []string
		for _, r := range runs {
			ids = append(ids, r.ID)
		}
		assert.Equal(t, []string{"r0", "r1", "r2", "r3", "r4"}, ids)
		assert.Equal(t, 48*time.Hour+1, runs[1].ClockBack)
		assert.Zero(t, runs[3].ClockBack)
		assert.Equal(t, time.Nanosecond, runs[4].ClockBack, "two at once have an order too")
		for series, err := range st.History(ctx, store.Filter{}) {
			require.NoError(t, err)
			require.Len(t, series.Points, 5)
			assert.Equal(t, "r1", series.Points[1].RunID)
		}
	})
}

func TestHistory(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := context.Background()
		st := open(t, dsn)
		for _, id := range []string{"r1", "r2", "r3"} {
			run := runOf(id, 3)
			for i := range run.Records {
				run.Records[i].Time = run.Records[i].Time.AddDate(0, 0, int(id[1]-'0'))
			}
			run.Records[2].Host.Unfit = []string{"load 9"}
			if id == "r2" { // one case failed, one measured less
				run.Records[0].Status, run.Records[0].Error = results.StatusFailed, "aborted"
				run.Records[1].Predicted, run.Records[1].Measured = nil, &results.Measured{SamplesNS: []int64{7}}
				run.Records[1].Runtime.Version = "b7001"
			}
			_, err := st.Import(ctx, run)
			require.NoError(t, err)
		}
		var keys []results.Key
		all := map[results.Key]results.Series{}
		for series, err := range st.History(ctx, store.Filter{Machine: "mini (Apple M4)"}) {
			require.NoError(t, err)
			keys, all[series.Key] = append(keys, series.Key), series
		}
		require.Len(t, keys, 3)
		assert.IsIncreasing(t, keys)
		one := all[record("r1", 1).Key()]
		require.Len(t, one.Points, 3)
		assert.Len(t, all[record("r1", 0).Key()].Points, 2, "a failed case has no point")
		for i := range 3 {
			assert.Equal(t, record("r1", i).Case, all[record("r1", i).Key()].Case, "a series carries its case")
		}
		want := record("r1", 1)
		env := want.Environment()
		predicted := 0.5
		assert.Equal(t, results.Point{
			RunID: "r1", Time: want.Time.AddDate(0, 0, 1), Env: &env, SamplesNS: want.Measured.SamplesNS,
			Rounds: want.Measured.Rounds, KVBytes: want.Measured.KVBytes, Predicted: &predicted,
		}, one.Points[0])
		newer := env
		newer.RuntimeVersion = "b7001"
		assert.Equal(t, results.Point{
			RunID: "r2", Time: want.Time.AddDate(0, 0, 2), Env: &newer, SamplesNS: []int64{7},
		}, one.Points[1])
		assert.True(t, all[record("r1", 2).Key()].Points[0].Env.Unfit)

		for series, err := range st.History(ctx, store.Filter{Last: 1}) {
			require.NoError(t, err)
			require.Len(t, series.Points, 1)
			assert.Equal(t, "r3", series.Points[0].RunID)
		}
		for range st.History(ctx, store.Filter{Machine: "studio"}) {
			t.Error("another machine has no history")
		}
	})
}

// A case travels as a case: what a model is called says nothing of it.
func TestHistoryReadsNoNames(t *testing.T) {
	st, run := open(t, filepath.Join(t.TempDir(), "store.db")), runOf("r1", 1)
	run.Records[0].Model.Name = "decode n_gen=64"
	run.Records[0].Case = results.Case{Kind: results.KindKV, NCtx: 512, NPrompt: 64, NGen: 2}
	_, err := st.Import(t.Context(), run)
	require.NoError(t, err)
	for series, err := range st.History(t.Context(), store.Filter{}) {
		require.NoError(t, err)
		assert.Equal(t, run.Records[0].Case, series.Case)
		assert.Zero(t, series.Case.Tokens())
	}
}

func TestConclusions(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := context.Background()
		st := open(t, dsn)
		unfit := runOf("r2", 1)
		unfit.Records[0].Host.Unfit = []string{"on battery"}
		for _, run := range []results.Run{runOf("r1", 1), unfit} {
			_, err := st.Import(ctx, run)
			require.NoError(t, err)
		}
		move := store.Baseline{Machine: "mini (Apple M4)", Run: "r1", Time: night, Who: "<b>ann</b>",
			Why: "b7001 trades speed for memory\n'); --"}
		require.NoError(t, st.MoveBaseline(ctx, move))
		moves, err := st.Baselines(ctx, "mini (Apple M4)")
		require.NoError(t, err)
		assert.Equal(t, []store.Baseline{move}, moves)
		for run, why := range map[string]string{"r2": "not fit to be measured", "r9": "no such run"} {
			assert.ErrorContains(t, st.MoveBaseline(ctx, store.Baseline{Run: run, Time: night}), why)
		}
		runs, err := st.Runs(ctx, store.Filter{Fit: true})
		require.NoError(t, err)
		assert.Len(t, runs, 1)

		fit := store.Fit{ID: "f1", Machine: "mini (Apple M4)", Time: night, Runs: []string{"r1"}, Body: []byte(`{"bandwidth":1e11}`)}
		require.NoError(t, st.AddFit(ctx, fit))
		assert.Error(t, st.AddFit(ctx, fit), "an id names one fit")
		fits, err := st.Fits(ctx, "")
		require.NoError(t, err)
		assert.Equal(t, []store.Fit{fit}, fits)

		var state map[string]int
		found, err := st.Document(ctx, "alerts", "mini", &state)
		require.NoError(t, err)
		assert.False(t, found)
		for i := range 2 {
			require.NoError(t, st.PutDocument(ctx, "alerts", "mini", map[string]int{"nights": i}))
		}
		found, err = st.Document(ctx, "alerts", "mini", &state)
		require.NoError(t, err)
		assert.True(t, found)
		assert.Equal(t, map[string]int{"nights": 1}, state)
	})
}
