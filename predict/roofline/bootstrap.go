package roofline

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"
)

const bootstrapDraws = 200

// bootstrap resamples whole cases with replacement, each case being a cluster
// of samples that share its disturbance (Efron and Tibshirani, An Introduction
// to the Bootstrap, Chapman & Hall 1993, chapters 8 and 13), and returns the
// 95 % percentile interval of every parameter. A draw in which a parameter
// loses all its cases says nothing of it and is not counted.
func bootstrap(f Form, obs []Observation, c costs) map[string]Interval {
	r := rand.New(rand.NewPCG(6, uint64(len(obs)))) // the same fit from the same data
	draws := map[string][]float64{}
	for range bootstrapDraws {
		weight := make([]float64, len(obs))
		for range obs {
			weight[r.IntN(len(obs))]++
		}
		drawn, err := solve(f, obs, weight)
		if err != nil {
			continue
		}
		for n := range covered(f, obs, weight) {
			draws[n] = append(draws[n], drawn[n])
		}
	}
	out := map[string]Interval{}
	for n, v := range c {
		if d := draws[n]; len(d) > bootstrapDraws/2 {
			slices.Sort(d)
			out[n] = Interval{v, stat.Quantile(0.025, stat.Empirical, d, nil), stat.Quantile(0.975, stat.Empirical, d, nil)}
		} else {
			out[n] = Interval{v, 0, math.MaxFloat64}
		}
	}
	return out
}

// covered are the parameters that the drawn observations have.
func covered(f Form, obs []Observation, weight []float64) map[string]bool {
	seen := map[string]bool{}
	for i, o := range obs {
		if weight[i] > 0 {
			for _, p := range f.parts(o.Work) {
				seen[p.name] = true
			}
		}
	}
	return seen
}
