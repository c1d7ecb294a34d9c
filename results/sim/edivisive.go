package main

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	astat "assay/results/stat"
)

// A trendRule says at which nights the histories of cases changed.
type trendRule struct {
	name    string
	changes func(cases [][]float64) [][]int
}

var trendRules = []trendRule{
	{"assay (seeded binary segmentation)", func(cases [][]float64) [][]int {
		changes, _ := astat.Histories(cases, astat.TrendRule())
		out := make([][]int, len(changes))
		for i, cs := range changes {
			for _, c := range cs {
				out[i] = append(out[i], c.At)
			}
		}
		return out
	}},
	{"Otava (E-divisive, t-test p < 0.001)", func(cases [][]float64) [][]int {
		return eachCase(cases, 0.001)
	}},
	{"E-divisive, t-test, Bonferroni", func(cases [][]float64) [][]int {
		return eachCase(cases, 0.01/float64(len(cases)))
	}},
	{"the same, net of what nights share", func(cases [][]float64) [][]int {
		leveled, _ := astat.Level(cases)
		return eachCase(leveled, 0.01/float64(len(cases)))
	}},
}

func eachCase(cases [][]float64, alpha float64) [][]int {
	out := make([][]int, len(cases))
	for i, xs := range cases {
		out[i] = eDivisive(xs, 0, alpha)
	}
	return out
}

// eDivisive splits a series where the energy distance of its parts is largest
// (Matteson and James, JASA 2014) as long as Welch's t-test of the parts has a
// chance below alpha, which is what Apache Otava does in place of permutations
// (Fleming and others, Hunter, ICPE 2023).
func eDivisive(xs []float64, offset int, alpha float64) []int {
	at, ok := energySplit(xs)
	if !ok || welchP(xs[:at], xs[at:]) >= alpha {
		return nil
	}
	found := append(eDivisive(xs[:at], offset, alpha), offset+at)
	return append(found, eDivisive(xs[at:], offset+at, alpha)...)
}

// energySplit finds the split with the largest scaled energy distance, with the
// sums of distances between and within the parts updated from split to split.
func energySplit(xs []float64) (at int, ok bool) {
	n := len(xs)
	var between, left, right, best float64
	for i := range xs {
		for j := i + 1; j < n; j++ {
			right += math.Abs(xs[i] - xs[j])
		}
	}
	for k := 1; k < n; k++ {
		moved, toLeft, toRight := xs[k-1], 0.0, 0.0
		for _, x := range xs[:k-1] {
			toLeft += math.Abs(x - moved)
		}
		for _, x := range xs[k:] {
			toRight += math.Abs(x - moved)
		}
		between += toRight - toLeft
		left, right = left+toLeft, right-toRight
		a, b := float64(k), float64(n-k)
		if k < 2 || n-k < 2 {
			continue
		}
		energy := 2*between/(a*b) - 2*left/(a*(a-1)) - 2*right/(b*(b-1))
		if q := energy * a * b / (a + b); q > best {
			best, at, ok = q, k, true
		}
	}
	return at, ok
}

func welchP(a, b []float64) float64 {
	am, av := stat.MeanVariance(a, nil)
	bm, bv := stat.MeanVariance(b, nil)
	av, bv = av/float64(len(a)), bv/float64(len(b))
	df := (av + bv) * (av + bv) / (av*av/float64(len(a)-1) + bv*bv/float64(len(b)-1))
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Survival(math.Abs(am-bm)/math.Sqrt(av+bv))
}
