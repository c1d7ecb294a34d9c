package stat

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mathext"
)

func durations(rng *rand.Rand, n int, seconds, noise float64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(1e9 * seconds * math.Exp(noise*rng.NormFloat64()))
	}
	return out
}

func TestPlaceRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		ns     []int64
		rounds []int
		want   string
	}{
		{"nothing", nil, nil, "it has no samples"},
		{"no duration", []int64{1, 2, 0, 4}, nil, "sample 3 is 0 ns, not a duration"},
		{"rounds of another case", []int64{1, 2, 3, 4}, []int{1}, "samples: 4, but numbers of rounds: 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := Place([]Samples{{tt.ns, tt.rounds}})
			assert.EqualError(t, run.Errors[0], tt.want)
		})
	}
}

// Half of the samples may be arbitrarily slow without moving the location.
func TestLocationIgnoresSlowSamples(t *testing.T) {
	calm := Location([]int64{100, 101, 102, 103, 104, 105})
	busy := Location([]int64{100, 900, 101, 5000, 102, math.MaxInt64})
	assert.Equal(t, calm, busy)
	assert.True(t, math.IsNaN(Location(nil)))
	assert.InDelta(t, math.Log(7), Location([]int64{7}), 1e-12)
}

func TestPlaceTakesOutWhatRoundsShare(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	rounds := []int{0, 0, 0, 0, 0, 1, 1, 1, 1, 1}
	cases := make([]Samples, 50)
	for i := range cases {
		ns := durations(rng, 10, 1, 0.01)
		for k := 5; k < 10; k++ {
			ns[k] = ns[k] * 110 / 100
		}
		cases[i] = Samples{ns, rounds}
	}
	run := Place(cases)
	// Winsorising pulls the slow round in a little.
	assert.InDelta(t, math.Log(1.1), run.Drifted(), 0.01)
	within := run.Cases[0]
	assert.InDelta(t, within.rounds[0], within.rounds[1], 0.03, "the ramp is gone")
	assert.Nil(t, Place(cases[:9]).Drift, "nine cases cannot tell heat from a change")
}

func TestModerate(t *testing.T) {
	t.Run("equal variances are pooled", func(t *testing.T) {
		post, df := moderate([]float64{1, 1, 1, 1}, []float64{4, 4, 4, 4})
		assert.Equal(t, []float64{1, 1, 1, 1}, post)
		assert.True(t, math.IsInf(df[0], 1))
	})
	t.Run("a case without its own borrows", func(t *testing.T) {
		post, _ := moderate([]float64{2, 2, 0}, []float64{4, 4, 0})
		assert.Equal(t, 2.0, post[2])
	})
	t.Run("unlike variances stay apart", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		vars, dfs := make([]float64, 200), make([]float64, 200)
		for i := range vars {
			level := math.Pow(100, float64(i%2))
			for range 10 {
				x := rng.NormFloat64()
				vars[i] += level * x * x / 10
			}
			dfs[i] = 10
		}
		post, df := moderate(vars, dfs)
		assert.Less(t, df[0], 15.0)
		assert.Greater(t, post[1]/post[0], 10.0)
	})
	t.Run("nothing is known of nothing", func(t *testing.T) {
		post, df := moderate([]float64{0}, []float64{0})
		assert.True(t, math.IsNaN(post[0]))
		assert.Zero(t, df[0])
	})
}

func TestTrigamma(t *testing.T) {
	assert.InDelta(t, math.Pi*math.Pi/6, trigamma(1), 1e-12)
	for _, x := range []float64{0.1, 1, 3, 50} {
		slope := (mathext.Digamma(x+1e-5) - mathext.Digamma(x-1e-5)) / 2e-5
		assert.InEpsilon(t, slope, trigamma(x), 1e-4)
		assert.InEpsilon(t, x, trigammaInverse(trigamma(x)), 1e-6)
	}
}

// twoRuns are runs of n cases with seeded noise; slower are the cases of the
// second that take longer, by what share.
func twoRuns(n int, seed uint64, slower map[int]float64) (base, head Run) {
	rng := rand.New(rand.NewPCG(seed, 1))
	rounds := []int{0, 0, 0, 0, 0, 1, 1, 1, 1, 1}
	sides := [2][]Samples{}
	for side := range sides {
		for i := range n {
			by := 1.0
			if side == 1 {
				by += slower[i]
			}
			sides[side] = append(sides[side], Samples{durations(rng, 10, by, 0.02), rounds})
		}
	}
	return Place(sides[0]), Place(sides[1])
}

// suite labels n cases: two kinds in turn, ten cases a model.
func suite(n int) []Label {
	out := make([]Label, n)
	for i := range out {
		out[i] = Label{Runtime: "r", Kind: []string{"prefill", "decode"}[i%2], Model: fmt.Sprint("m", i/10)}
	}
	return out
}

func TestCompareFindsWhatChanged(t *testing.T) {
	base, head := twoRuns(100, 1, map[int]float64{7: 0.15, 8: -0.15})
	f := Compare(suite(100), base, head, DefaultRule())
	for i, e := range f.Effects {
		assert.Equal(t, i == 7 || i == 8, e.Found, "case %d: %+v", i, e)
		change, lo, hi := e.Change()
		assert.True(t, lo < change && change < hi)
		assert.LessOrEqual(t, e.P, e.Adjusted)
		assert.Greater(t, e.Detectable, DefaultRule().Smallest)
	}
	change, _, _ := f.Effects[7].Change()
	assert.InDelta(t, 1/1.15-1, change, 0.03, "a change is of speed")
	assert.True(t, f.Effects[7].Slower)
	assert.False(t, f.Effects[8].Slower)
}

// What hits many cases is found in them, and no other is accused.
func TestCompareFindsGroups(t *testing.T) {
	labels := suite(100)
	for _, tt := range []struct {
		name  string
		hit   func(i int) bool
		scope Scope
		kinds int
	}{
		{"a kind", func(i int) bool { return labels[i].Kind == "prefill" }, OneKind, 1},
		{"everything", func(int) bool { return true }, OneKind, 2},
		{"half at random", func(i int) bool { return i%4 < 2 }, "", 0},
		{"a model", func(i int) bool { return labels[i].Model == "m3" }, OneModel, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			slower := map[int]float64{}
			for i := range labels {
				if tt.hit(i) {
					slower[i] = 2
				}
			}
			base, head := twoRuns(100, 2, slower)
			f := Compare(labels, base, head, DefaultRule())
			for i, e := range f.Effects {
				assert.Equal(t, tt.hit(i), e.Found, "case %d: %+v", i, e)
			}
			kinds, scopes := 0, []Scope{}
			for _, g := range f.Groups {
				if g.Found {
					scopes = append(scopes, g.Scope)
				}
				if g.Found && g.Scope == OneKind {
					kinds++
				}
			}
			if tt.kinds > 0 {
				assert.Equal(t, tt.kinds, kinds)
			}
			if tt.scope != "" {
				assert.Contains(t, scopes, tt.scope)
			}
		})
	}
}

// A session moves as a whole by a few per cent, and nothing changed.
func TestCompareCommonShift(t *testing.T) {
	all := map[int]float64{}
	for i := range 100 {
		all[i] = 0.05
	}
	base, head := twoRuns(100, 2, all)
	f := Compare(suite(100), base, head, DefaultRule())
	for _, e := range f.Effects {
		assert.False(t, e.Found)
		assert.InDelta(t, 0, e.Shift, 0.05)
	}
	require.Len(t, f.Groups, 2)
	for _, g := range f.Groups {
		assert.InDelta(t, 1/1.05-1, g.Change(), 0.01)
		assert.False(t, g.Found)
		assert.Greater(t, g.Usual, 0.05)
	}
}

func TestCompareWithoutSamples(t *testing.T) {
	run := Place([]Samples{{NS: []int64{5}}, {}})
	f := Compare(suite(2), run, run, DefaultRule())
	require.Len(t, f.Effects, 2)
	assert.True(t, f.Effects[0].Judged(), "one sample borrows its noise")
	assert.False(t, f.Effects[1].Judged())
	for _, e := range f.Effects {
		assert.False(t, e.Found)
	}
	assert.Empty(t, Compare(nil, Run{}, Run{}, DefaultRule()).Effects)
}

// Identical samples say nothing of their noise: nothing is found, and nothing breaks.
func TestCompareConstantSamples(t *testing.T) {
	same := []int64{100, 100, 100, 100, 100, 100}
	run := Place([]Samples{{NS: same}, {NS: same}})
	for _, e := range Compare(suite(2), run, run, DefaultRule()).Effects {
		assert.False(t, e.Found)
	}
}

// nightRuns are nights of cases with 0.7 % between them.
func nightRuns(rng *rand.Rand, cases, nights int) []Run {
	out := make([]Run, nights)
	for j := range out {
		samples := make([]Samples, cases)
		for i := range samples {
			level := math.Exp(0.007 * rng.NormFloat64())
			samples[i] = Samples{durations(rng, 10, level, 0.002), []int{0, 0, 0, 0, 0, 1, 1, 1, 1, 1}}
		}
		out[j] = Place(samples)
	}
	return out
}

func TestNights(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	labels := suite(100)
	past := nightRuns(rng, 100, 15)
	tonight := nightRuns(rng, 100, 1)[0]
	for i, e := range Nights(labels, past, tonight, DefaultRule()).Effects {
		assert.False(t, e.Found, "case %d: %+v", i, e)
	}
	tonight.Cases[3].Log += 0.06
	past[14].Cases[4].Log += 0.036
	tonight.Cases[4].Log += 0.036
	tonight.Errors[5] = ErrNoSamples
	f := Nights(labels, past, tonight, DefaultRule())
	assert.True(t, f.Effects[3].Found)
	assert.True(t, f.Effects[4].Found, "%+v", f.Effects[4])
	assert.False(t, f.Effects[5].Judged())
	assert.Equal(t, 14, f.Nights)
	for _, run := range past {
		run.Errors[6] = ErrNoSamples
	}
	assert.False(t, Nights(labels, past, tonight, DefaultRule()).Effects[6].Judged(), "no night to judge against")
}

// With a few nights two runs are compared, and a step that was there last night is
// not found tonight.
func TestFewNights(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	labels := suite(60)
	past := nightRuns(rng, 60, 3)
	tonight := nightRuns(rng, 60, 1)[0]
	tonight.Cases[3].Log += 0.5
	f := Nights(labels, past, tonight, DefaultRule())
	assert.True(t, f.Effects[3].Found)
	assert.Zero(t, f.Effects[3].Nights)
	past[2].Cases[3].Log += 0.5
	assert.False(t, Nights(labels, past, tonight, DefaultRule()).Effects[3].Found)
}

// A night on which every prefill fell is found in all of them, whatever the window.
func TestNightsFindAKind(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	labels := suite(60)
	for _, nights := range []int{1, 3, 8, 15} {
		past := nightRuns(rng, 60, nights)
		tonight := nightRuns(rng, 60, 1)[0]
		for i, l := range labels {
			if l.Kind == "prefill" {
				tonight.Cases[i].Log += 1
			}
		}
		f := Nights(labels, past, tonight, DefaultRule())
		for i, e := range f.Effects {
			assert.Equal(t, labels[i].Kind == "prefill", e.Found, "%d nights, case %d: %+v", nights, i, e)
		}
	}
}

func nightsOf(rng *rand.Rand, cases, nights int) [][]float64 {
	out := make([][]float64, cases)
	for i := range out {
		for range nights {
			out[i] = append(out[i], 20+0.007*rng.NormFloat64())
		}
	}
	return out
}

func TestChanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	for _, tt := range []struct {
		name  string
		n     int
		steps map[int]float64
		want  []int
	}{
		{"nothing", 300, nil, nil},
		{"a step", 300, map[int]float64{200: 0.03}, []int{200}},
		{"a step at the end", 60, map[int]float64{50: 0.03}, []int{50}},
		{"up and down again", 1000, map[int]float64{500: 0.05, 520: -0.05}, []int{500, 520}},
		{"below what counts", 1000, map[int]float64{500: 0.006}, nil},
		{"too short", 9, map[int]float64{5: 1}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			xs, level := make([]float64, tt.n), 20.0
			for i := range xs {
				level += tt.steps[i]
				xs[i] = level + 0.006*rng.NormFloat64()
			}
			found := Changes(xs, TrendRule())
			require.Len(t, found, len(tt.want))
			for i, c := range found {
				assert.InDelta(t, tt.want[i], c.At, 2)
				assert.InDelta(t, math.Expm1(tt.steps[tt.want[i]]), c.Relative(), 0.01)
				lo, hi := c.CI()
				assert.True(t, lo < c.Relative() && c.Relative() < hi)
				assert.InDelta(t, 20, c.Before, 0.2)
			}
		})
	}
	assert.Empty(t, Changes(nil, TrendRule()))
	assert.Empty(t, Changes(make([]float64, 100), TrendRule()), "no noise, no scale")
}

func TestHistories(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	cases := nightsOf(rng, 40, 100)
	for night := 40; night < 100; night++ {
		for i := range cases {
			cases[i][night] += 0.04
		}
	}
	for night := 70; night < 100; night++ {
		cases[7][night] += 0.03
	}
	for night := 10; night < 30; night++ {
		cases[7][night] = Absent()
	}
	cases[8][50] += 0.5
	found, common := Histories(cases, TrendRule())
	require.Len(t, common, 1)
	assert.InDelta(t, 40, common[0].At, 1)
	for i, changes := range found {
		if i != 7 {
			assert.Empty(t, changes, "case %d", i)
		}
	}
	require.Len(t, found[7], 1)
	assert.InDelta(t, 70, found[7][0].At, 2, "nights without a location still count")
}

// Three years of 400 cases are searched in well under two seconds.
func BenchmarkHistories(b *testing.B) {
	cases := nightsOf(rand.New(rand.NewPCG(6, 1)), 400, 1095)
	for b.Loop() {
		Histories(cases, TrendRule())
	}
}

func BenchmarkCompare(b *testing.B) {
	base, head := twoRuns(400, 7, nil)
	for b.Loop() {
		Compare(suite(400), base, head, DefaultRule())
	}
}
