package stat

import (
	"math"
	"slices"
)

// FewestNights is how many it takes to show what lies between nights.
const FewestNights = 5

// history is a case's nights without what they share.
type history struct {
	logs     []float64
	center   float64
	variance float64
	spread   float64 // the median variance of its samples
}

// quiet is the least deviation between nights that is believed.
const quiet = 0.001

// matter is what the cases of a window share of their variances.
type matter struct{ prior, df float64 }

func newMatter(vars, dfs []float64) matter {
	prior, df := fitPrior(vars, dfs)
	return matter{prior, df}
}

// variance moderates one case's.
func (m matter) variance(v, df float64) float64 {
	switch {
	case math.IsInf(m.df, 1):
		return m.prior
	case m.df+df <= 0:
		return v
	}
	return (m.df*m.prior + df*v) / (m.df + df)
}

// residuals are those of each night of each case against its others, in units of
// what those expect: deleted residuals (Cook and Weisberg 1982), which a night
// cannot hide in.
func (m matter) residuals(histories []history) []float64 {
	var out []float64
	for _, h := range histories {
		n := len(h.logs)
		if n < FewestNights {
			continue
		}
		others := make([]float64, 0, n)
		for j, x := range h.logs {
			others = append(append(others[:0], h.logs[:j]...), h.logs[j+1:]...)
			v := max(m.variance(variance(others), float64(n-2)), quiet*quiet)
			out = append(out, (x-trimmed(others))/math.Sqrt(v*(1+1/float64(n-1))))
		}
	}
	return out
}

// scaleOf is the likeliest scale of residuals that are Student's t, held near 1 by
// as much as two of them would, and the logarithm of their likelihood.
func scaleOf(residuals []float64, df float64) (scale, ll float64) {
	const near = 2
	squares := make([]float64, len(residuals))
	for i, r := range residuals {
		squares[i] = r * r
	}
	s := 1.0
	for range 30 {
		sum := near * 1.0
		for _, q := range squares {
			sum += q * (df + 1) / (df + q/s)
		}
		next := sum / (near + float64(len(squares)))
		if math.Abs(next-s) < 1e-4*s {
			s = next
			break
		}
		s = next
	}
	norm := logT(df) - math.Log(s)/2
	for _, q := range squares {
		ll += norm - (df+1)/2*math.Log1p(q/s/df)
	}
	return math.Sqrt(s), ll
}

// Level takes out of each night what all its cases share, in a family large
// enough to show it, and returns it by night; nil in a smaller one.
func Level(cases [][]float64) (leveled [][]float64, common []float64) {
	const enough = 10
	if len(cases) < enough {
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
		if len(off) < enough {
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

// trimmed is the mean of sorted values without a fifth of them at each end.
func trimmed(sorted []float64) float64 {
	cut := len(sorted) / 5
	return mean(sorted[cut : len(sorted)-cut])
}
