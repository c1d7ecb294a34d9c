package main

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"assay/results/stat"
)

// Real is the noise that was measured between sessions of one process on one Mac
// over three months (mlx_lm.benchmark on an M5 Max, May to August 2026), somewhat
// harsher than there: a session moves as a whole, good and bad sessions differ,
// and so do the cases of one.
type Real struct {
	Plan
	// Kinds are prefill's and decode's noise.
	Kinds [2]RealKind
	// Badness is the sigma of the lognormal by which all spreads of a session grow.
	Badness float64
}

// RealKind is the noise of one kind. All but Sigma and Kin are shares of the time.
type RealKind struct {
	// Session is the scale of a session's shift, Student's t of 6.
	Session float64
	// Spread is the median deviation of a case's samples in a session, lognormal
	// with Sigma, at most MostSpread.
	Spread, Sigma, MostSpread float64
	// Floor and Share make the scale of its level, Student's t of 2.5 and at most
	// MostLevel: sqrt(Floor^2 + (Share spread)^2), of which the share Kin is its model's.
	Floor, Share, MostLevel, Kin float64
}

// Mac5 is the measured noise, and Sessions the plan of those who measured it.
var (
	Sessions = Plan{Runtimes: 1, Models: 6, Tests: 3, Rounds: 1, Each: 5}
	Mac5     = Real{
		Plan: Sessions, Badness: 0.35,
		Kinds: [2]RealKind{
			{Session: 0.03, Spread: 0.008, Sigma: 1.3, MostSpread: 0.25, Floor: 0.007, Share: 1.0, MostLevel: 0.35, Kin: 0.2},
			{Session: 0.02, Spread: 0.0038, Sigma: 1.3, MostSpread: 0.25, Floor: 0.003, Share: 1.3, MostLevel: 0.35, Kin: 0.5},
		},
	}
)

// realSource draws sessions.
type realSource struct {
	Real
	rng   *rand.Rand
	cases []stat.Label
}

func newReal(r Real, seed uint64) *realSource {
	return &realSource{r, rand.New(rand.NewPCG(seed, 2)), r.Labels()}
}

func (s *realSource) labels() []stat.Label { return s.cases }
func (s *realSource) chance() *rand.Rand   { return s.rng }

func (s *realSource) student(df float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df, Src: s.rng}.Rand()
}

func (s *realSource) night() []stat.Samples {
	bad := math.Exp(s.Badness * s.rng.NormFloat64())
	shift, model := map[stat.Label]float64{}, map[stat.Label]float64{}
	out := make([]stat.Samples, len(s.cases))
	for i, l := range s.cases {
		k := s.Kinds[kindIndex(l.Kind)]
		whole := stat.Label{Runtime: l.Runtime, Kind: l.Kind}
		if _, drawn := shift[whole]; !drawn {
			shift[whole] = k.Session * s.student(6)
		}
		if _, drawn := model[l]; !drawn {
			model[l] = s.student(2.5)
		}
		spread := min(k.MostSpread, bad*k.Spread*math.Exp(k.Sigma*s.rng.NormFloat64()))
		scale := math.Hypot(k.Floor, k.Share*spread)
		level := scale * (math.Sqrt(k.Kin)*model[l] + math.Sqrt(1-k.Kin)*s.student(2.5))
		level = max(-k.MostLevel, min(k.MostLevel, level)) + shift[whole]
		for j := range s.Rounds * s.Each {
			out[i].NS = append(out[i].NS, int64(1e9*math.Exp(level+spread*s.rng.NormFloat64())))
			out[i].Rounds = append(out[i].Rounds, j/s.Each)
		}
	}
	return out
}

func kindIndex(kind string) int {
	if kind == kinds[1] {
		return 1
	}
	return 0
}
