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
		r := pairs(newSource(Mac, Suite, 1), pairRules[:1], 1500, 0.08)[0]
		atMost(t, 0.01, r.alarm, "false alarms")
		atLeast(t, 0.95, r.found[0], "8 % slower")
	})
	t.Run("nightly", func(t *testing.T) {
		t.Parallel()
		r := nights(newSource(Mac, Suite, 2), nightRules[:1], 4000, window, 0.05)[0]
		atMost(t, 0.01, r.alarm, "false alarms")
		atLeast(t, 0.90, r.found[0], "5 % on the first night")
		atLeast(t, 0.99, r.found[1], "5 % by the second night")
	})
	t.Run("trend", func(t *testing.T) {
		t.Parallel()
		r := trends(newSource(Mac, Suite, 3), trendRules[:1], 100, 60, 10, 0.02)[0]
		atLeast(t, 0.90, r.found[0], "a step of 2 % within ten nights")
	})
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
	s := newSource(only, Plan{Cases: 1, Rounds: 1, Each: 200000}, 4)
	m := momentsOf(floats(s.night()[0]))
	assert.InDelta(t, 0.02, m.sd/m.mean, 0.0005, "within a run")
	assert.InDelta(t, 1.75, m.skew, 0.1, "skewness")
	assert.InDelta(t, 0.3, m.auto, 0.02, "autocorrelation")

	rare := Mac
	rare.Within, rare.Night, rare.Ramps = 1e-9, 0, 0
	slow := 0
	for _, x := range newSource(rare, Plan{Cases: 1, Rounds: 1, Each: 200000}, 4).night()[0].NS {
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
	blind := pairRule{"blind", func(base, _ []stat.Samples) []bool { return make([]bool, len(base)) }}
	jumpy := pairRule{"jumpy", func(base, _ []stat.Samples) []bool { return append(make([]bool, len(base)-1), true) }}
	r := pairs(newSource(Mac, Suite, 1), []pairRule{blind, jumpy}, 50, 0.08)
	assert.Zero(t, r[0].alarm.hits)
	assert.Zero(t, r[0].found[0].hits)
	assert.Equal(t, 50, r[1].alarm.hits)
}
