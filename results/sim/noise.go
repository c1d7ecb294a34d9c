package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"assay/results/stat"
)

// Noise is what moves a timing besides the code, as shares of it.
type Noise struct {
	// Within is the standard deviation within a run, Skew the sigma of the
	// lognormal that it is shaped like (0.5 has a skewness of 1.75) and Auto
	// the correlation of neighbouring samples, across rounds too.
	Within, Skew, Auto float64
	// Outliers is the share of samples that are Slower times as slow.
	Outliers, Slower float64
	// Night is the standard deviation of a case from night to night, each case
	// on its own.
	Night float64
	// Ramps is the share of nights on which the machine gets hot: the last
	// sample is slower than the first by between RampLo and RampHi.
	Ramps, RampLo, RampHi float64
	// Spread is by how much the cases' Within differ: each is multiplied or
	// divided by up to this factor; 1 is none.
	Spread float64
}

// Mac is the noise that every figure of assay's statistics is claimed under.
var Mac = Noise{
	Within: 0.02, Skew: 0.5, Auto: 0.3,
	Outliers: 0.02, Slower: 1.15,
	Night: 0.003,
	Ramps: 0.2, RampLo: 0.01, RampHi: 0.05,
	Spread: 1,
}

// Plan is how a suite is measured: so many tests of each model, of two kinds, in
// each runtime, in Rounds rounds of Each samples, in every round in another order.
type Plan struct{ Runtimes, Models, Tests, Rounds, Each int }

// Suite is the plan that the claims are made for: ten samples of a hundred
// cases in two rounds, the fewest that assay makes.
var Suite = Plan{Runtimes: 1, Models: 10, Tests: 5, Rounds: 2, Each: 5}

var kinds = []string{"prefill", "decode"}

// Labels are the cases of the plan.
func (p Plan) Labels() []stat.Label {
	var out []stat.Label
	for r := range p.Runtimes {
		for m := range p.Models {
			for range p.Tests {
				for _, kind := range kinds {
					out = append(out, stat.Label{Runtime: fmt.Sprint("runtime ", r), Model: fmt.Sprint("model ", m), Kind: kind})
				}
			}
		}
	}
	return out
}

// nightSource draws nights of one suite.
type nightSource interface {
	labels() []stat.Label
	night() []stat.Samples
	chance() *rand.Rand
}

// source draws nights of one suite. A case takes 1 second where nothing moves it.
type source struct {
	Noise
	Plan
	rng    *rand.Rand
	cases  []stat.Label
	within []float64
	rounds []int
}

func (s *source) labels() []stat.Label { return s.cases }
func (s *source) chance() *rand.Rand   { return s.rng }

func newSource(n Noise, p Plan, seed uint64) *source {
	s := &source{Noise: n, Plan: p, rng: rand.New(rand.NewPCG(seed, 1)), cases: p.Labels()}
	for range s.cases {
		factor := math.Pow(n.Spread, 2*s.rng.Float64()-1)
		s.within = append(s.within, n.Within*factor)
	}
	for i := range p.Rounds * p.Each {
		s.rounds = append(s.rounds, i/p.Each)
	}
	return s
}

// night draws one run.
func (s *source) night() []stat.Samples {
	ramp := 0.0
	if s.rng.Float64() < s.Ramps {
		ramp = s.RampLo + (s.RampHi-s.RampLo)*s.rng.Float64()
	}
	place := make([][]int, s.Rounds)
	for r := range place {
		place[r] = s.rng.Perm(len(s.cases))
	}
	cases := make([]stat.Samples, len(s.cases))
	for c := range cases {
		seconds := s.samples(c)
		cases[c] = stat.Samples{NS: make([]int64, len(seconds)), Rounds: s.rounds}
		for i, x := range seconds {
			round, nth := i/s.Each, i%s.Each
			at := float64(place[round][c]) + float64(nth)/float64(s.Each)
			at = (float64(round) + at/float64(len(s.cases))) / float64(s.Rounds)
			cases[c].NS[i] = int64(1e9 * x * (1 + ramp*at))
		}
	}
	return cases
}

// samples draws one case of one run, in seconds: a skewed, autocorrelated
// series around the night's level, with outliers.
func (s *source) samples(c int) []float64 {
	v := s.Skew * s.Skew
	// The correlation of the normal series whose exponential has Auto.
	auto := math.Log(1+s.Auto*math.Expm1(v)) / v
	center := math.Exp(v / 2)
	scale := s.within[c] / (center * math.Sqrt(math.Expm1(v)))
	level := 1 + s.Night*s.rng.NormFloat64()
	out := make([]float64, s.Rounds*s.Each)
	z := s.rng.NormFloat64()
	for i := range out {
		out[i] = level * (1 + scale*(math.Exp(s.Skew*z)-center))
		if s.rng.Float64() < s.Outliers {
			out[i] *= s.Slower
		}
		z = auto*z + math.Sqrt(1-auto*auto)*s.rng.NormFloat64()
	}
	return out
}

// slowed is a case whose samples take longer by a share.
func slowed(c stat.Samples, by float64) stat.Samples {
	out := stat.Samples{NS: make([]int64, len(c.NS)), Rounds: c.Rounds}
	for i, x := range c.NS {
		out.NS[i] = int64(float64(x) * (1 + by))
	}
	return out
}
