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
func bootstrap(p problem, x []float64) []Interval {
	r := rand.New(rand.NewPCG(6, uint64(len(p.rows)))) // the same fit from the same data
	draws := make([][]float64, len(x))
	for range bootstrapDraws {
		weight := make([]float64, len(p.rows))
		for range p.rows {
			weight[r.IntN(len(weight))]++
		}
		drawn, err := p.solve(weight, x)
		if err != nil {
			continue
		}
		for j, seen := range p.covered(weight) {
			if seen {
				draws[j] = append(draws[j], drawn[j])
			}
		}
	}
	out := make([]Interval, len(x))
	for j, v := range x {
		out[j] = Interval{v, 0, math.MaxFloat64}
		if d := draws[j]; len(d) > bootstrapDraws/2 {
			slices.Sort(d)
			out[j] = Interval{v, min(v, stat.Quantile(0.025, stat.Empirical, d, nil)), max(v, stat.Quantile(0.975, stat.Empirical, d, nil))}
		}
	}
	return out
}
