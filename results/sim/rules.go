package main

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
	"gonum.org/v1/gonum/stat/distuv"

	"assay/results/stat"
)

// A pairRule says which cases of two runs differ.
type pairRule struct {
	name  string
	found func(labels []stat.Label, base, head []stat.Samples) []bool
}

var pairRules = []pairRule{
	{"assay", assayPair},
	{"Mann-Whitney, Holm, 3 %", func(_ []stat.Label, base, head []stat.Samples) []bool {
		p, effect := mannWhitney(base, head)
		return holm(p, effect, 0.01, 0.03)
	}},
	{"benchstat (p < 0.05)", func(_ []stat.Label, base, head []stat.Samples) []bool {
		p, _ := mannWhitney(base, head)
		found := make([]bool, len(p))
		for i := range p {
			found[i] = p[i] < benchmath.DefaultThresholds.CompareAlpha
		}
		return found
	}},
	{"Welch t, Holm, 3 %", func(_ []stat.Label, base, head []stat.Samples) []bool {
		p, effect := welch(base, head)
		return holm(p, effect, 0.01, 0.03)
	}},
	{"ratio of medians 1.1", func(_ []stat.Label, base, head []stat.Samples) []bool {
		found := make([]bool, len(base))
		for i := range base {
			found[i] = math.Abs(stat.Median(head[i].NS)/stat.Median(base[i].NS)-1) > 0.1
		}
		return found
	}},
}

func assayPair(labels []stat.Label, base, head []stat.Samples) []bool {
	return flags(stat.Compare(labels, stat.Place(base), stat.Place(head), stat.DefaultRule()))
}

func flags(f stat.Family) []bool {
	found := make([]bool, len(f.Effects))
	for i, e := range f.Effects {
		found[i] = e.Found
	}
	return found
}

// mannWhitney is benchstat's test, with the difference of medians.
func mannWhitney(base, head []stat.Samples) (p, effect []float64) {
	for i := range base {
		b := benchmath.NewSample(floats(base[i]), &benchmath.DefaultThresholds)
		h := benchmath.NewSample(floats(head[i]), &benchmath.DefaultThresholds)
		p = append(p, benchmath.AssumeNothing.Compare(b, h).P)
		effect = append(effect, stat.Median(head[i].NS)/stat.Median(base[i].NS)-1)
	}
	return p, effect
}

func welch(base, head []stat.Samples) (p, effect []float64) {
	for i := range base {
		b := benchmath.NewSample(floats(base[i]), &benchmath.DefaultThresholds)
		h := benchmath.NewSample(floats(head[i]), &benchmath.DefaultThresholds)
		p = append(p, benchmath.AssumeNormal.Compare(b, h).P)
		effect = append(effect, stat.Median(head[i].NS)/stat.Median(base[i].NS)-1)
	}
	return p, effect
}

// holm applies Holm's correction and a smallest effect.
func holm(p, effect []float64, alpha, smallest float64) []bool {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	found := make([]bool, len(p))
	for rank, i := range order {
		if p[i]*float64(len(p)-rank) > alpha {
			break
		}
		found[i] = math.Abs(effect[i]) >= smallest
	}
	return found
}

func floats(c stat.Samples) []float64 {
	out := make([]float64, len(c.NS))
	for i, x := range c.NS {
		out[i] = float64(x)
	}
	return out
}

// placed is a night with the locations of its cases.
type placed struct {
	cases []stat.Samples
	run   stat.Run
}

func place(night []stat.Samples) placed {
	return placed{night, stat.Place(night)}
}

// A nightRule says which cases of tonight differ from the nights of a window;
// before is the night between the window and tonight, or nil.
type nightRule struct {
	name  string
	found func(labels []stat.Label, window []placed, before placed, tonight placed) []bool
}

var nightRules = []nightRule{
	{"assay", func(labels []stat.Label, window []placed, before placed, tonight placed) []bool {
		past := make([]stat.Run, 0, len(window)+1)
		for _, night := range append(window[:len(window):len(window)], before) {
			past = append(past, night.run)
		}
		return flags(stat.Nights(labels, past, tonight.run, stat.DefaultRule()))
	}},
	{"Mann-Whitney against one night, Holm, 3 %", func(labels []stat.Label, window []placed, _, tonight placed) []bool {
		return pairRules[1].found(labels, window[len(window)-1].cases, tonight.cases)
	}},
	{"benchstat against one night", func(labels []stat.Label, window []placed, _, tonight placed) []bool {
		return pairRules[2].found(labels, window[len(window)-1].cases, tonight.cases)
	}},
	{"median against the window, t, Holm, 3 %", medianAgainstWindow},
}

// medianAgainstWindow is the textbook's prediction interval, case by case.
func medianAgainstWindow(_ []stat.Label, window []placed, _, tonight placed) []bool {
	n := float64(len(window))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}
	p, effect := make([]float64, len(tonight.cases)), make([]float64, len(tonight.cases))
	for i, c := range tonight.cases {
		sum, squares := 0.0, 0.0
		for _, night := range window {
			x := stat.Median(night.cases[i].NS)
			sum, squares = sum+x, squares+x*x
		}
		center := sum / n
		sd := math.Sqrt((squares - n*center*center) / (n - 1))
		effect[i] = stat.Median(c.NS)/center - 1
		p[i] = 2 * t.Survival(math.Abs(stat.Median(c.NS)-center)/sd/math.Sqrt(1+1/n))
	}
	return holm(p, effect, 0.01, 0.03)
}

// history turns nights into the locations of each case by night.
func history(nights []placed) [][]float64 {
	out := make([][]float64, len(nights[0].cases))
	for _, night := range nights {
		for i, c := range night.run.Cases {
			out[i] = append(out[i], c.Log)
		}
	}
	return out
}
