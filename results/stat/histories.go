package stat

import (
	"math"
	"slices"
)

// TrendRule is the rule for histories: a long one shows smaller steps than two
// runs do.
func TrendRule() Rule { return Rule{Alpha: 0.01, Smallest: 0.01} }

// Histories finds the changes of many cases over the same nights, Absent where
// a case was not measured. What all cases share is taken out of each night and
// searched on its own: common are its changes. Without it a night is nearly
// normal, so its variance is read robustly, moderated over the cases, and a
// lone odd night is pulled in. rule.Alpha bounds the chance that anything is
// reported of histories that did not change.
func Histories(cases [][]float64, rule Rule) (found [][]Change, common []Change) {
	leveled, shared := Level(cases)
	rule.Alpha /= float64(len(cases) + 1)
	found = make([][]Change, len(cases))
	series, nights := make([][]float64, len(cases)), make([][]int, len(cases))
	variances, dfs := make([]float64, len(cases)), make([]float64, len(cases))
	for i, xs := range leveled {
		series[i], nights[i] = withoutGaps(xs)
		if len(series[i]) >= 2*minSegment {
			variances[i], dfs[i] = robustNoise(series[i])
		}
	}
	variances, dfs = moderate(variances, dfs)
	for i, xs := range series {
		if shared == nil {
			found[i] = Changes(xs, rule)
		} else {
			found[i] = changes(pullIn(xs, math.Sqrt(variances[i])), noise{variances[i], dfs[i]}, rule)
		}
		for k := range found[i] {
			found[i][k].At = nights[i][found[i][k].At]
		}
	}
	return found, Changes(shared, rule)
}

func withoutGaps(xs []float64) (kept []float64, nights []int) {
	kept, nights = make([]float64, 0, len(xs)), make([]int, 0, len(xs))
	for night, x := range xs {
		if !math.IsNaN(x) {
			kept, nights = append(kept, x), append(nights, night)
		}
	}
	return kept, nights
}

// robustNoise is the variance of a night from the median difference between
// neighbours, which a change of level moves only once. A median knows a scale
// with 0.37 of the mean square's efficiency, successive differences with 2/3.
func robustNoise(xs []float64) (variance, df float64) {
	diffs := make([]float64, len(xs)-1)
	for i := range diffs {
		diffs[i] = math.Abs(xs[i+1] - xs[i])
	}
	sigma := 1.4826 / math.Sqrt2 * Median(diffs)
	return sigma * sigma, 0.37 * 2 / 3 * float64(len(diffs))
}

// pullIn moves a night that lies far from the median of the nights around it to
// the edge of what is usual (Hampel's filter).
func pullIn(xs []float64, sigma float64) []float64 {
	const reach, usual = 3, 3
	out := slices.Clone(xs)
	var around [2*reach + 1]float64
	for i := range xs {
		lo := max(0, min(i-reach, len(xs)-len(around)))
		w := around[:copy(around[:], xs[lo:min(len(xs), lo+len(around))])]
		slices.Sort(w)
		m := w[len(w)/2]
		out[i] = max(m-usual*sigma, min(m+usual*sigma, xs[i]))
	}
	return out
}
