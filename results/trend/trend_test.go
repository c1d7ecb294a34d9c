package trend_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"assay/results"
	"assay/results/store"
	"assay/results/trend"
)

var first = time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

// histories makes n cases of so many nights with 2 % of noise; a night's
// environment and its factor on the time are the caller's.
func histories(n, nights int, env func(int) *results.Environment, factor func(c, night int) float64) []results.Series {
	rng := rand.New(rand.NewPCG(1, 1))
	out := make([]results.Series, n)
	for c := range out {
		out[c] = results.Series{Key: results.Key(fmt.Sprintf("llama.cpp m decode n_depth=%d", c)), Machine: "mini"}
		for night := range nights {
			p := results.Point{RunID: fmt.Sprintf("n%d", night), Time: first.AddDate(0, 0, night), Env: env(night), KVBytes: ptr(int64(1024))}
			for range 10 {
				p.SamplesNS = append(p.SamplesNS, int64(1e9*factor(c, night)*math.Exp(0.02*rng.NormFloat64())))
			}
			out[c].Points = append(out[c].Points, p)
		}
	}
	return out
}

func all(series []results.Series) iter.Seq2[results.Series, error] {
	return func(yield func(results.Series, error) bool) {
		for _, s := range series {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func version(night int) *results.Environment {
	return &results.Environment{RuntimeVersion: fmt.Sprintf("b%d", 7000+night/10), Chip: "M4", OS: "darwin", Power: "ac"}
}

func same(int, int) float64 { return 1 }

func analyse(t *testing.T, series []results.Series) trend.Trend {
	t.Helper()
	got, err := trend.Analyse(all(series), trend.Options{})
	require.NoError(t, err)
	_, err = json.Marshal(got)
	require.NoError(t, err)
	return got
}

func TestStepIsFoundWithItsVersions(t *testing.T) {
	got := analyse(t, histories(30, 80, version, func(c, night int) float64 {
		if c == 4 && night >= 60 {
			return 1.03
		}
		return 1
	}))
	assert.Empty(t, got.Common)
	assert.Len(t, got.Nights, 80)
	for i, c := range got.Cases {
		if i != 4 {
			assert.Empty(t, c.Changes)
		}
	}
	require.Len(t, got.Cases[4].Changes, 1)
	c := got.Cases[4].Changes[0]
	assert.Equal(t, "n60", c.First.Run)
	assert.Equal(t, "n59", c.Last.Run)
	assert.InDelta(t, 0.03, c.Change.Value, 0.01)
	assert.InDelta(t, *c.Before*(1+c.Change.Value), *c.After, 1)
	assert.Equal(t, []trend.Difference{{What: "version", Before: "b7005", After: "b7006"}}, c.Between)
}

func TestWhatAllShareIsSaidOnce(t *testing.T) {
	got := analyse(t, histories(30, 80, version, func(_, night int) float64 {
		if night >= 30 {
			return 1.05
		}
		return 1
	}))
	require.Len(t, got.Common, 1)
	assert.Equal(t, "n30", got.Common[0].First.Run)
	assert.Equal(t, "version", got.Common[0].Between[0].What)
	for _, c := range got.Cases {
		assert.Empty(t, c.Changes)
	}
}

// A change that all share begins where it begins, though the first case was not
// measured that night.
func TestWhatAllShareBeginsWhereMostHaveIt(t *testing.T) {
	series := histories(30, 80, version, func(_, night int) float64 {
		if night >= 30 {
			return 1.05
		}
		return 1
	})
	series[0].Points = append(series[0].Points[:29:29], series[0].Points[32:]...)
	got := analyse(t, series)
	require.Len(t, got.Common, 1)
	assert.Equal(t, "n29 n30", got.Common[0].Last.Run+" "+got.Common[0].First.Run)
}

func TestExactFiguresChangeWhenTheyChange(t *testing.T) {
	series := histories(3, 20, version, same)
	for night := 7; night < 20; night++ {
		series[1].Points[night].KVBytes = ptr(int64(2048))
	}
	for night := 15; night < 20; night++ {
		series[1].Points[night].KVBytes = ptr(int64(512))
	}
	series[2].Points[3].KVBytes = nil
	got := analyse(t, series)
	require.Len(t, got.Cases[1].Changes, 2)
	assert.Equal(t, "n15", got.Cases[1].Changes[1].First.Run)
	assert.Equal(t, -0.75, got.Cases[1].Changes[1].Change.Value)
	c := got.Cases[1].Changes[0]
	assert.Equal(t, "kv_bytes n6 n7", fmt.Sprint(c.Figure, " ", c.Last.Run, " ", c.First.Run))
	assert.Equal(t, 1.0, c.Change.Value)
	assert.Nil(t, c.P)
	assert.Empty(t, got.Cases[2].Changes, "a figure that is missing has not changed")
}

func TestBadHistories(t *testing.T) {
	t.Run("nothing", func(t *testing.T) {
		got := analyse(t, nil)
		assert.Empty(t, got.Cases)
		assert.Empty(t, got.Nights)
	})
	t.Run("what stands under another's earlier key is said", func(t *testing.T) {
		series := histories(3, 5, version, same)
		assert.Empty(t, analyse(t, series).Warnings)
		series[1].Earlier = series[0].Key
		assert.Contains(t, analyse(t, series).Warnings[0], "1 case of more than one model by their sizes")
	})
	t.Run("unfit nights, other power and other variables are left out", func(t *testing.T) {
		got := analyse(t, histories(25, 40, func(night int) *results.Environment {
			e := version(0)
			e.PowerMode = "automatic"
			switch night {
			case 9:
				e.PowerMode = "" // not recorded
			case 10:
				e.Unfit = true
			case 11:
				e.Power = "battery"
			case 12:
				e.PowerMode = "high"
			case 13:
				e.Variables = map[string]string{"GGML_METAL_TENSOR_DISABLE": "1"}
			}
			return e
		}, func(_, night int) float64 { return map[bool]float64{true: 9, false: 1}[night > 9 && night < 14] }))
		assert.Len(t, got.Nights, 36)
		assert.Len(t, got.Warnings, 2)
	})
	t.Run("a clock that went back keeps the store's order", func(t *testing.T) {
		series := histories(2, 10, version, same)
		for i := range series {
			series[i].Points[5].Time = first.AddDate(-1, 0, 0)
		}
		assert.Equal(t, "n5", analyse(t, series).Nights[5].Run)
	})
	t.Run("a case that came later, and one with gaps", func(t *testing.T) {
		series := histories(3, 10, version, same)
		series[0].Points = series[0].Points[4:]
		series[1].Points = append(series[1].Points[:2:2], series[1].Points[8:]...)
		got := analyse(t, series)
		for i, n := range got.Nights {
			assert.Equal(t, fmt.Sprintf("n%d", i), n.Run)
		}
	})
	t.Run("two machines", func(t *testing.T) {
		series := histories(2, 10, version, same)
		series[1].Machine = "studio"
		_, err := trend.Analyse(all(series), trend.Options{})
		var several *trend.Machines
		assert.ErrorAs(t, err, &several)
	})
	t.Run("a store that fails", func(t *testing.T) {
		want := errors.New("disk")
		_, err := trend.Analyse(func(yield func(results.Series, error) bool) { yield(results.Series{}, want) }, trend.Options{})
		assert.ErrorIs(t, err, want)
	})
}

func TestKeep(t *testing.T) {
	got := analyse(t, histories(3, 10, version, same))
	got.Keep("n_depth=2")
	assert.Len(t, got.Cases, 1)
}

// BenchmarkThreeYears reads and searches a whole store of 3 years of 400 cases,
// which results/store's benchmark of that name makes and leaves where
// ASSAY_BIG_STORE says.
func BenchmarkThreeYears(b *testing.B) {
	dsn := os.Getenv("ASSAY_BIG_STORE")
	if dsn == "" {
		b.Skip("ASSAY_BIG_STORE names no store; results/store's BenchmarkThreeYears makes one there")
	}
	var peak uint64
	before := cpuTime(b)
	for b.Loop() {
		st, err := store.Open(context.Background(), dsn)
		require.NoError(b, err)
		got, err := trend.Analyse(st.History(context.Background(), store.Filter{}), trend.Options{})
		require.NoError(b, err)
		require.Len(b, got.Cases, 400)
		require.NoError(b, st.Close())
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.Sys-m.HeapReleased)
	}
	b.ReportMetric(float64(peak)/(1<<20), "MiB-in-use")
	b.ReportMetric(float64((cpuTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
}

// cpuTime is what other work on the machine does not change.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
