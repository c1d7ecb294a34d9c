package main

import (
	"flag"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results/stat"
)

var update = flag.Bool("update", false, "rewrite testdata/quick.txt")

// The claims of assay's statistics, each held by the bound of its 95 % interval.
func TestClaims(t *testing.T) {
	t.Run("diff", func(t *testing.T) {
		t.Parallel()
		r := pairs(newSource(Mac, Suite, 1), pairRules[:1], 400, 0.08, tenth)[0]
		atMost(t, 0.01, r.alarm, "false alarms")
		atLeast(t, 0.85, r.found[0], "8 % slower")
		atLeast(t, 0.95, r.found[1], "a tenth of its speed lost")
	})
	t.Run("nightly", func(t *testing.T) {
		t.Parallel()
		if os.Getenv("ASSAY_ALL") == "" { // so few nights show only a rate that is far off
			r := nights(newSource(Mac, Suite, 2), nightRules[:1], 250, window, 0.05)[0]
			assert.LessOrEqual(t, r.alarm.hits, 7, "false alarms of %d", r.alarm.of)
			assert.Greater(t, r.found[0].percent(), 85.0, "5 % on the first night")
			return
		}
		r := nights(newSource(Mac, Suite, 2), nightRules[:1], 4000, window, 0.05)[0]
		atMost(t, 0.01, r.alarm, "false alarms")
		atLeast(t, 0.90, r.found[0], "5 % on the first night")
		atLeast(t, 0.97, r.found[1], "5 % by the second night")
	})
	t.Run("trend", func(t *testing.T) {
		t.Parallel()
		r := trends(newSource(Mac, Suite, 3), trendRules[:1], 100, 60, 10, 0.02)[0]
		atLeast(t, 0.90, r.found[0], "a step of 2 % within ten nights")
	})
}

// Under the noise that was measured between sessions few changes can be seen, and
// nothing else may be said: an event that takes two thirds of a kind's speed is found
// in nearly all of its cases, and unchanged cases are left alone.
func TestMeasuredNoise(t *testing.T) {
	s := newReal(Mac5, 5)
	false0 := twoRuns(s, scenarios[0], 0, 150)
	assert.LessOrEqual(t, false0.any.hits+false0.accused.hits, 3, "false alarms of two runs")
	false0 = aNight(s, scenarios[0], 0, 60)
	assert.LessOrEqual(t, false0.any.hits+false0.accused.hits, 3, "false alarms of nights")
	for _, sc := range scenarios[1:] {
		if sc.name == "one runtime" {
			continue // the plan has one
		}
		for name, judge := range map[string]func(nightSource, scenario, float64, int) outcome{"two runs": twoRuns, "a night": aNight} {
			o := judge(s, sc, 0.67, 15)
			assert.Greater(t, o.share.percent(), 85.0, "%s, %s", sc.name, name)
			assert.LessOrEqual(t, o.accused.hits, 4, "%s, %s", sc.name, name)
		}
	}
}

// Where half of all cases moved, in no order, unchanged ones are left alone but for what
// their own noise does.
func TestHalfMoved(t *testing.T) {
	half := scenarios[4]
	require.Equal(t, "half", half.name)
	two := Mac5
	two.Runtimes = 2
	o := outcome{}
	for _, seed := range []uint64{77, 101, 102, 103, 104, 105, 106, 107} {
		one := aNight(newReal(two, seed), half, 0.30, 12)
		o.share.hits, o.share.of = o.share.hits+one.share.hits, o.share.of+one.share.of
		o.accused.hits, o.accused.of = o.accused.hits+one.accused.hits, o.accused.of+one.accused.of
	}
	assert.Greater(t, o.share.percent(), 80.0)
	assert.LessOrEqual(t, 6*o.accused.hits, o.accused.of, "in one of six nights: what their own noise moved")
}

func atMost(t *testing.T, bound float64, r rate, what string) {
	t.Helper()
	_, hi := r.interval()
	assert.LessOrEqual(t, hi, bound, "%s: %v of %d", what, r, r.of)
}

func atLeast(t *testing.T, bound float64, r rate, what string) {
	t.Helper()
	lo, _ := r.interval()
	assert.GreaterOrEqual(t, lo, bound, "%s: %v of %d", what, r, r.of)
}

func TestTable(t *testing.T) {
	var got strings.Builder
	table(&got, quick)
	const golden = "testdata/quick.txt"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got.String(), "run with -update if the change is meant")
}

// The noise is what the claims say it is: otherwise they would be about less.
func TestNoise(t *testing.T) {
	only := Mac
	only.Outliers, only.Night, only.Ramps = 0, 0, 0
	s := newSource(only, Plan{Runtimes: 1, Models: 1, Tests: 1, Rounds: 1, Each: 200000}, 4)
	m := momentsOf(floats(s.night()[0]))
	assert.InDelta(t, 0.02, m.sd/m.mean, 0.0005, "within a run")
	assert.InDelta(t, 1.75, m.skew, 0.1, "skewness")
	assert.InDelta(t, 0.3, m.auto, 0.02, "autocorrelation")

	rare := Mac
	rare.Within, rare.Night, rare.Ramps = 1e-9, 0, 0
	slow := 0
	for _, x := range newSource(rare, Plan{Runtimes: 1, Models: 1, Tests: 1, Rounds: 1, Each: 200000}, 4).night()[0].NS {
		if x > 1.149e9 && x < 1.151e9 {
			slow++
		}
	}
	assert.InDelta(t, 0.02, float64(slow)/200000, 0.001, "outliers")
}

type moments struct{ mean, sd, skew, auto float64 }

func momentsOf(xs []float64) moments {
	var m moments
	n := float64(len(xs))
	for _, x := range xs {
		m.mean += x / n
	}
	var second, third, product float64
	for i, x := range xs {
		d := x - m.mean
		second += d * d / n
		third += d * d * d / n
		if i > 0 {
			product += d * (xs[i-1] - m.mean) / n
		}
	}
	m.sd = math.Sqrt(second)
	m.skew = third / (second * m.sd)
	m.auto = product / second
	return m
}

// A defect that every figure above would miss: a rule that reports nothing.
func TestClaimsNeedDetection(t *testing.T) {
	blind := pairRule{"blind", func(_ []stat.Label, base, _ []stat.Samples) []bool { return make([]bool, len(base)) }}
	jumpy := pairRule{"jumpy", func(_ []stat.Label, base, _ []stat.Samples) []bool { return append(make([]bool, len(base)-1), true) }}
	r := pairs(newSource(Mac, Suite, 1), []pairRule{blind, jumpy}, 50, 0.08)
	assert.Zero(t, r[0].alarm.hits)
	assert.Zero(t, r[0].found[0].hits)
	assert.Equal(t, 50, r[1].alarm.hits)
}
