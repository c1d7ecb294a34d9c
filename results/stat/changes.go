package stat

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// minSegment is how many nights a level must last to be one; a single night is
// what Against is for.
const minSegment = 5

// Change is a place in a history where its level changed.
type Change struct {
	// At is the first point of the new level.
	At int
	// Before and After are the levels, as logarithms, with the standard error
	// of their difference.
	Before, After, SE float64
	// P is the chance of such a change anywhere in an unchanged history.
	P float64
}

// Relative is the change as a relative one, 0.05 for 5 % slower.
func (c Change) Relative() float64 { return math.Expm1(c.After - c.Before) }

// CI is the interval that contains the relative change with 95 % confidence.
func (c Change) CI() (lo, hi float64) {
	d, w := c.After-c.Before, distuv.UnitNormal.Quantile(0.975)*c.SE
	return math.Expm1(d - w), math.Expm1(d + w)
}

// Changes finds where the level of a history changed, oldest first. xs are
// locations (logarithms) by night without gaps; a change counts when its chance
// is at most rule.Alpha and its size at least rule.Smallest.
//
// The method is seeded binary segmentation (Kovács, Bühlmann, Li and Munk,
// Biometrika 2023): the CUSUM statistic of every split of O(log n) layers of
// overlapping intervals, so that a level that lasted ten nights is seen as well
// in three years as in two months. The chance is Bonferroni's over all splits,
// and the time O(n log n) against E-divisive's O(n²). E-divisive is blind to
// the shape of the noise but pays for it: with the t-test that Apache Otava
// confirms its splits by, which does not count how many were tried, the
// simulation in results/sim sees false alarms in nearly every report on a
// hundred cases.
func Changes(xs []float64, rule Rule) []Change {
	n := len(xs)
	if n < 2*minSegment {
		return nil
	}
	// The mean square successive difference (von Neumann, 1941).
	squares := 0.0
	for i := 1; i < n; i++ {
		squares += (xs[i] - xs[i-1]) * (xs[i] - xs[i-1]) / 2
	}
	return changes(xs, noise{squares / float64(n-1), float64(n-1) * 2 / 3}, rule)
}

// noise is the variance of a night and its degrees of freedom.
type noise struct{ variance, df float64 }

// tailDF is Student's degrees of freedom of a location whose variance is known:
// timings are skewed, so the location of ten of them has longer tails than the
// normal distribution's. results/sim shows what that buys.
const tailDF = 20

// segmentTailDF is tailDF for the mean of a segment, whose excess kurtosis is
// that of a night divided by the nights.
const segmentTailDF = 4 + (tailDF-4)*minSegment

func changes(xs []float64, night noise, rule Rule) []Change {
	if len(xs) < 2*minSegment || !(night.variance > 0) {
		return nil
	}
	all := intervals(len(xs))
	splits := 0
	for _, v := range all {
		splits += v.hi - v.lo - 2*minSegment + 1
	}
	test := significance{
		sigma:  math.Sqrt(night.variance),
		splits: float64(splits),
		t:      distuv.StudentsT{Mu: 0, Sigma: 1, Nu: 1 / (1/night.df + 1.0/segmentTailDF)},
	}
	test.least = test.t.Quantile(1 - rule.Alpha/2/test.splits)
	s := newSeries(xs)
	out := s.describe(s.search(all, test.least*test.sigma), test, rule.Smallest)
	for i := range out {
		out[i].Before += xs[0]
		out[i].After += xs[0]
	}
	return out
}

// significance is what a split is held against: sigma of a night, the number
// of splits tried, and the least statistic that counts.
type significance struct {
	sigma, splits, least float64
	t                    distuv.StudentsT
}

func (g significance) chance(z float64) float64 { return min(1, 2*g.splits*g.t.Survival(z)) }

// describe measures the found changes between their neighbours. The smallest
// of those that do not hold up there, or are too small, is dropped and the rest
// measured anew, until all hold.
func (s series) describe(found []int, test significance, smallest float64) []Change {
	for len(found) > 0 {
		found = s.settle(found)
		out := make([]Change, len(found))
		worst := -1
		for i, at := range found {
			lo, hi := s.neighbours(found, i)
			c := Change{At: at, Before: s.level(lo, at), After: s.level(at, hi)}
			c.SE = test.sigma * math.Sqrt(1/float64(at-lo)+1/float64(hi-at))
			z := math.Abs(c.After-c.Before) / c.SE
			c.P = test.chance(z)
			out[i] = c
			weak := z < test.least || math.Abs(c.Relative()) < smallest
			if weak && (worst < 0 || math.Abs(c.Relative()) < math.Abs(out[worst].Relative())) {
				worst = i
			}
		}
		if worst < 0 {
			return out
		}
		found = slices.Delete(found, worst, worst+1)
	}
	return nil
}

// interval is a part of a history, hi excluded.
type interval struct{ lo, hi int }

// intervals are the seeded ones: the whole, and layers of intervals shorter by
// √2 each, half overlapping, down to two segments.
func intervals(n int) []interval {
	out := []interval{{0, n}}
	for length := float64(n) / math.Sqrt2; length >= 2*minSegment; length /= math.Sqrt2 {
		count := 2*int(math.Ceil(float64(n)/length)) - 1
		step := (float64(n) - length) / float64(count-1)
		for i := range count {
			lo := int(float64(i) * step)
			hi := min(n, int(math.Ceil(float64(i)*step+length)))
			out = append(out, interval{lo, hi})
		}
	}
	return out
}

// series is a history with its running sums.
type series []float64

func newSeries(xs []float64) series {
	sums := make(series, len(xs)+1)
	for i, x := range xs {
		sums[i+1] = sums[i] + x - xs[0]
	}
	return sums
}

func (s series) len() int { return len(s) - 1 }

// level is the mean between two points, relative to the first of the history.
func (s series) level(lo, hi int) float64 { return (s[hi] - s[lo]) / float64(hi-lo) }

// best is the split of an interval with the largest CUSUM statistic, in the
// units of the series; 0 where the interval is too short for one.
func (s series) best(v interval) (at int, stat float64) {
	n, total := float64(v.hi-v.lo), s[v.hi]-s[v.lo]
	for k := v.lo + minSegment; k <= v.hi-minSegment; k++ {
		left := float64(k - v.lo)
		d := (s[k]-s[v.lo])*n - left*total
		if d *= d / (left * (n - left) * n); d > stat {
			at, stat = k, d
		}
	}
	return at, math.Sqrt(stat)
}

// search takes the clearest split of all, then the clearest of the intervals
// that do not contain one already taken, and so on; sorted.
func (s series) search(all []interval, least float64) []int {
	type split struct {
		interval
		at   int
		stat float64
	}
	var splits []split
	for _, v := range all {
		if at, stat := s.best(v); stat >= least {
			splits = append(splits, split{v, at, stat})
		}
	}
	slices.SortStableFunc(splits, func(a, b split) int { return cmp.Compare(b.stat, a.stat) })
	var found []int
	for _, c := range splits {
		if !slices.ContainsFunc(found, func(at int) bool { return c.lo < at && at < c.hi }) {
			found = append(found, c.at)
		}
	}
	slices.Sort(found)
	return found
}

// settle moves each change to the best split between its neighbours.
func (s series) settle(found []int) []int {
	out := slices.Clone(found)
	for i := range out {
		lo, hi := s.neighbours(out, i)
		if at, stat := s.best(interval{lo, hi}); stat > 0 {
			out[i] = at
		}
	}
	return out
}

func (s series) neighbours(found []int, i int) (lo, hi int) {
	hi = s.len()
	if i > 0 {
		lo = found[i-1]
	}
	if i+1 < len(found) {
		hi = found[i+1]
	}
	return lo, hi
}
