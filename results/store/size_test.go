package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"assay/results"
	"assay/results/store"
)

const (
	bigNights  = 3 * 365
	bigCases   = 400
	bigSamples = 10
)

// bigRun is one night of a suite of 400 timed cases on a model of 32 layers,
// with everything in its records that a real one has.
func bigRun(night int) results.Run {
	rng := rand.New(rand.NewPCG(1, uint64(night)))
	start := time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC).AddDate(0, 0, night)
	run := results.Run{ID: fmt.Sprintf("n%04d", night), Source: "benchmark"}
	for i := range bigCases {
		rec := bigRecord(i)
		rec.RunID, rec.Time = run.ID, start.Add(time.Duration(i)*20*time.Second)
		rec.Runtime.Version = fmt.Sprintf("b%d", 7000+night/7)
		load := 1 + rng.Float64()
		rec.Host.LoadAverage = &load
		for s := range bigSamples {
			ns := int64(1e9 * (1 + 0.02*rng.NormFloat64()))
			rec.Measured.SamplesNS = append(rec.Measured.SamplesNS, ns)
			rec.Measured.Rounds = append(rec.Measured.Rounds, s/5)
		}
		deviation := rng.Float64()
		rec.Measured.TokensPerSecond = &results.TokensPerSecond{Median: 128, Mean: 128.1, Stddev: &deviation, CI95: &[2]float64{126, 130}}
		rec.Predicted.Seconds = &results.Interval{Value: 1 + 1e-6*float64(night), Lo: 0.9, Hi: 1.1}
		ratio := 1 + 0.01*rng.NormFloat64()
		rec.Residual = &results.Residual{SecondsRatio: &ratio}
		run.Records = append(run.Records, rec)
	}
	return run
}

func bigRecord(i int) results.Record {
	kv, flops := int64(32*2<<20), int64(1e12)+int64(i)
	var layers []results.KVLayer
	for l := range 32 {
		layers = append(layers, results.KVLayer{Layer: l, Class: "full", Cells: 4096, KBytes: 1 << 20, VBytes: 1 << 20})
	}
	var terms []results.CostTerm
	for _, class := range []string{"weights", "head", "attention"} {
		terms = append(terms, results.CostTerm{Class: class, Type: "q4_K", FLOPs: flops / 3, Bytes: 1 << 30})
	}
	rec := record("", i)
	rec.Model.FactsSHA256, rec.Runtime.SHA256 = strings.Repeat("ab", 32), strings.Repeat("cd", 32)
	rec.Predicted = &results.Predicted{Rules: "exact", KVBytes: &kv, KVLayers: layers, FLOPs: &flops,
		Cost: &results.Cost{Steps: 128, Terms: terms}}
	rec.Measured = &results.Measured{KVBytes: &kv, KVLayers: layers, FLOPs: &flops,
		FLOPsByOp: map[string]int64{"MUL_MAT": flops, "FLASH_ATTN_EXT": 5}}
	for _, name := range []string{"kv_bytes", "kv_layers", "flops", "footprint"} {
		rec.Checks = append(rec.Checks, results.Check{Name: name, OK: true})
	}
	return rec
}

// bigStore returns a store of three years. ASSAY_BIG_STORE names a place to
// keep it, for it takes minutes to make.
func bigStore(b *testing.B) string {
	dsn := os.Getenv("ASSAY_BIG_STORE")
	if dsn == "" {
		dsn = filepath.Join(b.TempDir(), "big.db")
	}
	ctx := context.Background()
	st := open(b, dsn)
	runs, err := st.Runs(ctx, store.Filter{})
	require.NoError(b, err)
	for night := len(runs); night < bigNights; night++ {
		added, err := st.Import(ctx, bigRun(night))
		require.NoError(b, err)
		require.Equal(b, bigCases, added)
	}
	require.NoError(b, st.Close())
	return dsn
}

// BenchmarkThreeYears times what diff and trend read from a store of 3 years
// of nights with 400 cases of 10 samples:
//
//	go test -bench ThreeYears -run none -timeout 30m ./results/store
func BenchmarkThreeYears(b *testing.B) {
	ctx := context.Background()
	dsn := bigStore(b)
	if info, err := os.Stat(dsn); err == nil {
		b.Logf("the store takes %.0f MiB", float64(info.Size())/(1<<20))
	}
	b.Run("diff", func(b *testing.B) {
		defer reportCPU(b, cpuTime(b))
		for b.Loop() {
			st := open(b, dsn)
			for _, selector := range []string{"latest~1", "latest"} {
				run, err := st.Select(ctx, selector, store.Filter{}, readFile)
				require.NoError(b, err)
				require.Len(b, run.Records, bigCases)
			}
			require.NoError(b, st.Close())
		}
	})
	b.Run("trend", func(b *testing.B) {
		defer reportCPU(b, cpuTime(b))
		var peak uint64
		for b.Loop() {
			st := open(b, dsn)
			series := 0
			for one, err := range st.History(ctx, store.Filter{}) {
				require.NoError(b, err)
				require.Len(b, one.Points, bigNights)
				if series++; series%50 == 0 {
					peak = max(peak, inUse())
				}
			}
			require.Equal(b, bigCases, series)
			require.NoError(b, st.Close())
		}
		b.ReportMetric(float64(peak)/(1<<20), "MiB-in-use")
	})
}

// inUse returns the memory that the program holds from the system.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}

// reportCPU reports the processor time of an operation, which other work on
// the machine does not change as it changes the time that passes.
func reportCPU(b *testing.B, before time.Duration) {
	b.ReportMetric(float64((cpuTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
}

func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
