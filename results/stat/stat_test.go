package stat

import (
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
		{"nothing", nil, nil, "too few samples to judge: 0 of at least 4"},
		{"one sample", []int64{5}, nil, "too few samples to judge: 1 of at least 4"},
		{"no duration", []int64{1, 2, 0, 4}, nil, "sample 3 is 0 ns, not a duration"},
		{"rounds of another case", []int64{1, 2, 3, 4}, []int{1}, "4 samples but 1 round numbers"},
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

func TestQn(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	xs := make([]float64, 2000)
	for i := range xs {
		xs[i] = 3 * rng.NormFloat64()
	}
	assert.InEpsilon(t, 3, qn(xs), 0.05)
	for i := range 200 {
		xs[i] = 1e9
	}
	assert.InEpsilon(t, 3, qn(xs), 0.35, "a tenth of the values far off")
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

func TestCompareFindsWhatChanged(t *testing.T) {
	base, head := twoRuns(100, 1, map[int]float64{7: 0.12, 8: -0.12})
	f := Compare(base, head, DefaultRule())
	for i, e := range f.Effects {
		assert.Equal(t, i == 7 || i == 8, e.Found, "case %d: %+v", i, e)
		lo, hi := e.CI()
		assert.True(t, lo < e.Relative() && e.Relative() < hi)
		assert.LessOrEqual(t, e.P, e.Adjusted)
		assert.Greater(t, e.Detectable, DefaultRule().Smallest)
	}
	assert.InDelta(t, 0.12, f.Effects[7].Relative(), 0.03)
}

// A slowdown of everything is no case's, but it is not lost.
func TestCompareCommonShift(t *testing.T) {
	all := map[int]float64{}
	for i := range 100 {
		all[i] = 0.1
	}
	base, head := twoRuns(100, 2, all)
	f := Compare(base, head, DefaultRule())
	for _, e := range f.Effects {
		assert.False(t, e.Found)
	}
	assert.InDelta(t, math.Log(1.1), f.Common, 4*f.CommonSE)

	base, head = twoRuns(5, 2, all)
	assert.Zero(t, Compare(base, head, DefaultRule()).CommonSE, "five cases have no shift of their own")
}

func TestCompareWithoutSamples(t *testing.T) {
	run := Place([]Samples{{NS: []int64{5}}, {}})
	f := Compare(run, run, DefaultRule())
	require.Len(t, f.Effects, 2)
	for _, e := range f.Effects {
		assert.False(t, e.Judged())
		assert.False(t, e.Found)
	}
	assert.Empty(t, Compare(Run{}, Run{}, DefaultRule()).Effects)
}

// Identical samples have no variance: nothing can be judged, and nothing breaks.
func TestCompareConstantSamples(t *testing.T) {
	same := []int64{100, 100, 100, 100, 100, 100}
	run := Place([]Samples{{NS: same}, {NS: same}})
	for _, e := range Compare(run, run, DefaultRule()).Effects {
		assert.False(t, e.Found)
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

func column(cases [][]float64, night int) []float64 {
	out := make([]float64, len(cases))
	for i := range cases {
		out[i] = cases[i][night]
	}
	return out
}

func TestNights(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	window := nightsOf(rng, 100, 14)
	recent := nightsOf(rng, 100, 2)
	before, tonight := column(recent, 0), column(recent, 1)
	for _, e := range Nights(window, before, tonight, DefaultRule()).Effects {
		assert.False(t, e.Found)
	}
	tonight[3] += 0.05
	before[4] += 0.034
	tonight[4] += 0.034
	tonight[5] = Absent()
	f := Nights(window, before, tonight, DefaultRule())
	assert.True(t, f.Effects[3].Found)
	assert.True(t, f.Effects[4].Found, "%+v", f.Effects[4])
	assert.False(t, f.Effects[5].Judged())
	window[6] = []float64{Absent(), Absent()}
	assert.False(t, Nights(window, nil, tonight, DefaultRule()).Effects[6].Judged(), "no night to judge against")
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
		Compare(base, head, DefaultRule())
	}
}
