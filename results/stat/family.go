package stat

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Rule says when an effect counts.
type Rule struct {
	// Alpha bounds the chance that any case of an unchanged family is reported.
	Alpha float64
	// Smallest is the smallest relative change that counts, 0.03 for 3 %.
	Smallest float64
}

// DefaultRule allows one false alarm in a hundred comparisons of whole runs and
// leaves changes below 3 % alone.
func DefaultRule() Rule { return Rule{Alpha: 0.01, Smallest: 0.03} }

const (
	// enoughCases is how many cases it takes to read the common shift and the
	// scatter of a family off the family itself.
	enoughCases = 10
	// tailDF is Student's degrees of freedom of a location whose variance is
	// known: timings are skewed, so the location of ten of them has longer
	// tails than the normal distribution's. results/sim shows what that buys.
	tailDF = 20
	// power is the chance of being found that Detectable promises.
	power = 0.95
)

// Effect is what was found for one case.
type Effect struct {
	// Shift is the logarithm of head over base, net of the family's common shift.
	Shift float64
	// SE is the shift's standard error, with DF degrees of freedom.
	SE, DF float64
	// P is the chance of such a shift in an unchanged case, Adjusted the chance
	// of one in any case of an unchanged family (Holm 1979).
	P, Adjusted float64
	// Found says that the effect is real and large enough to count.
	Found bool
	// Nights is how many nights were judged together, 0 for two runs.
	Nights int
	// Detectable is the smallest relative slowdown that would have been found
	// with 95 % power.
	Detectable float64
}

// Relative is the effect as a relative change, 0.05 for 5 % slower.
func (e Effect) Relative() float64 { return math.Expm1(e.Shift) }

// CI is the interval that contains the relative change with 95 % confidence.
func (e Effect) CI() (lo, hi float64) {
	w := quantile(0.975, e.DF) * e.SE
	return math.Expm1(e.Shift - w), math.Expm1(e.Shift + w)
}

// Judged says whether the case could be judged at all.
func (e Effect) Judged() bool { return e.SE > 0 && !math.IsInf(e.SE, 0) }

// Family is the judgement of all cases of a comparison.
type Family struct {
	Effects []Effect
	// Common is the shift that all cases share, as a logarithm, and CommonSE
	// its standard error; both are 0 in a family too small to have one.
	Common, CommonSE float64
	// Scatter is how many times wider the cases scatter than their own noise
	// explains; 1 in a family too small to tell.
	Scatter float64
}

// judge tests shifts with the given variances and degrees of freedom. In a
// large family the common shift and the scatter come from the cases themselves
// (the empirical null of Efron, JASA 2004): what two runs cannot show of
// themselves, such as the difference between two nights, is seen in the cases
// that did not change. Cases that are found no longer count as unchanged, and
// the rest is judged again.
func judge(shifts, vars, dfs []float64, least float64, rule Rule) Family {
	f := Family{Effects: make([]Effect, len(shifts)), Scatter: 1}
	unchanged := make([]bool, len(shifts))
	count := 0
	for i := range shifts {
		unchanged[i] = vars[i] > 0 && dfs[i] > 0
		if unchanged[i] {
			count++
		}
	}
	for range 5 {
		if count >= enoughCases {
			f.fitNull(shifts, vars, unchanged, least)
		}
		f.test(shifts, vars, dfs, rule)
		again := false
		for i, e := range f.Effects {
			if e.Found && unchanged[i] {
				unchanged[i], again = false, true
				count--
			}
		}
		if !again || count < enoughCases {
			break
		}
	}
	return f
}

func (f *Family) fitNull(shifts, vars []float64, unchanged []bool, least float64) {
	var xs, zs []float64
	for i, ok := range unchanged {
		if ok {
			xs = append(xs, shifts[i])
		}
	}
	f.Common = Median(xs)
	for i, ok := range unchanged {
		if ok {
			zs = append(zs, (shifts[i]-f.Common)/math.Sqrt(vars[i]))
		}
	}
	f.Scatter = max(least, qn(zs))
	for i := range xs {
		xs[i] = math.Abs(xs[i] - f.Common)
	}
	f.CommonSE = math.Sqrt(math.Pi/2/float64(len(xs))) * 1.4826 * Median(xs)
}

func (f *Family) test(shifts, vars, dfs []float64, rule Rule) {
	cases := 0
	for i := range shifts {
		e := Effect{Shift: shifts[i] - f.Common, P: 1, Adjusted: 1, Detectable: math.Inf(1)}
		e.SE = f.Scatter * math.Sqrt(vars[i])
		e.DF = dfs[i]
		if vars[i] > 0 && dfs[i] > 0 {
			cases++
			e.P = 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: e.DF}.CDF(-math.Abs(e.Shift)/e.SE)
		} else {
			e.SE = math.Inf(1)
		}
		f.Effects[i] = e
	}
	f.holm(cases)
	df, crit, reserve := 0.0, 0.0, 0.0
	for i := range f.Effects {
		e := &f.Effects[i]
		if !e.Judged() {
			continue
		}
		e.Found = e.Adjusted <= rule.Alpha && math.Abs(e.Relative()) >= rule.Smallest
		if e.DF != df {
			df, crit, reserve = e.DF, quantile(1-rule.Alpha/2/float64(cases), e.DF), quantile(power, e.DF)
		}
		e.Detectable = math.Expm1(max(crit*e.SE, math.Log1p(rule.Smallest)) + reserve*e.SE)
	}
}

// holm sets the adjusted chances.
func (f *Family) holm(cases int) {
	order := make([]int, 0, len(f.Effects))
	for i, e := range f.Effects {
		if e.Judged() {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(f.Effects[a].P, f.Effects[b].P) })
	worst := 0.0
	for rank, i := range order {
		worst = max(worst, min(1, f.Effects[i].P*float64(cases-rank)))
		f.Effects[i].Adjusted = worst
	}
}

func quantile(p, df float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(p)
}

// Median is the middle of the values, or the mean of the middle two. It needs at
// least one.
func Median[T int64 | float64](xs []T) float64 {
	s := slices.Sorted(slices.Values(xs))
	n := len(s)
	return (float64(s[(n-1)/2]) + float64(s[n/2])) / 2
}

// qn is a scale that half of the values cannot spoil, with 82 % of the standard
// deviation's efficiency for normal ones (Rousseeuw and Croux, JASA 1993; the
// correction for small n is robustbase's).
func qn(xs []float64) float64 {
	n := len(xs)
	s := slices.Clone(xs)
	slices.Sort(s)
	h := n/2 + 1
	scale := 2.21914 * difference(s, h*(h-1)/2)
	if n%2 == 1 {
		return scale / (1 + 1.60188/float64(n) - 2.1284/float64(n*n))
	}
	return scale / (1 + 3.67561/float64(n) + 1.9654/float64(n*n))
}

// difference is the k-th smallest difference between two of the sorted values,
// found by bisection to the last bits.
func difference(sorted []float64, k int) float64 {
	lo, hi := 0.0, sorted[len(sorted)-1]-sorted[0]
	for range 50 {
		mid := (lo + hi) / 2
		count, from := 0, 0
		for i, x := range sorted {
			for x-sorted[from] > mid {
				from++
			}
			count += i - from
		}
		if count >= k {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}
