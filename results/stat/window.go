package stat

import (
	"math"
	"slices"
)

// Absent marks a night on which a case has no location; IsNaN finds it.
func Absent() float64 { return math.NaN() }

// secondShare is the share of the false alarms that judging two nights together
// may cost. Two nights are less noisy than one, so a small share is enough.
const secondShare = 0.2

// Nights judges the last night against a window of earlier ones, alone and
// together with the night before it, which sees smaller effects. window[i]
// holds the locations of case i by night and does not contain the two nights;
// tonight and before have one location a case, before may be nil. A case that
// only the two nights together show is reported with the effect of both.
func Nights(window [][]float64, before, tonight []float64, rule Rule) Family {
	first, second := rule, rule
	first.Alpha *= 1 - secondShare
	second.Alpha *= secondShare
	f := against(window, columns(tonight), first)
	if before == nil {
		return f
	}
	both := against(window, columns(before, tonight), second)
	for i, e := range both.Effects {
		if e.Found && e.Nights == 2 && !f.Effects[i].Found {
			f.Effects[i] = e
		}
	}
	return f
}

// columns turns nights of cases into cases of nights.
func columns(nights ...[]float64) [][]float64 {
	out := make([][]float64, len(nights[0]))
	for i := range out {
		for _, night := range nights {
			out[i] = append(out[i], night[i])
		}
	}
	return out
}

// against judges the mean of a few nights against a window, case by case. The
// variance between the nights of a case holds everything that moves it without
// a change: noise, processes, nights. A case with a short window borrows its
// variance from the others.
func against(window, recent [][]float64, rule Rule) Family {
	n := len(window)
	shifts, vars, dfs := make([]float64, n), make([]float64, n), make([]float64, n)
	centers, counts := make([]float64, n), make([]float64, n)
	leveled, _ := Level(window)
	for i, nights := range leveled {
		kept := present(nights)
		counts[i] = float64(len(kept))
		if len(kept) == 0 {
			continue
		}
		centers[i] = mean(kept)
		if len(kept) > 1 {
			vars[i], dfs[i] = variance(kept), float64(len(kept)-1)
		}
	}
	vars, dfs = moderate(vars, dfs)
	for i := range shifts {
		now := present(recent[i])
		if len(now) == 0 || counts[i] == 0 || math.IsNaN(vars[i]) {
			vars[i], dfs[i] = 0, 0
			continue
		}
		shifts[i] = mean(now) - centers[i]
		vars[i] *= 1/float64(len(now)) + 1/counts[i]
		dfs[i] = 1 / (1/dfs[i] + 1.0/tailDF)
	}
	f := judge(shifts, vars, dfs, 1, rule)
	for i := range f.Effects {
		f.Effects[i].Nights = len(present(recent[i]))
	}
	return f
}

// Level takes out of each night what all its cases share, in a family large
// enough to show it, and returns it by night; nil in a smaller one.
func Level(cases [][]float64) (leveled [][]float64, common []float64) {
	if len(cases) < enoughCases {
		return cases, nil
	}
	centers := make([]float64, len(cases))
	nights := 0
	for i, xs := range cases {
		if kept := present(xs); len(kept) > 0 {
			centers[i] = Median(kept)
		}
		nights = max(nights, len(xs))
	}
	common = make([]float64, nights)
	leveled = make([][]float64, len(cases))
	for i, xs := range cases {
		leveled[i] = slices.Clone(xs)
	}
	off := make([]float64, 0, len(cases))
	for night := range nights {
		off = off[:0]
		for i, xs := range cases {
			if night < len(xs) && !math.IsNaN(xs[night]) {
				off = append(off, xs[night]-centers[i])
			}
		}
		if len(off) < enoughCases {
			continue
		}
		common[night] = Median(off)
		for _, xs := range leveled {
			if night < len(xs) {
				xs[night] -= common[night]
			}
		}
	}
	return leveled, common
}

func present(xs []float64) []float64 {
	kept := make([]float64, 0, len(xs))
	for _, x := range xs {
		if !math.IsNaN(x) {
			kept = append(kept, x)
		}
	}
	return kept
}
