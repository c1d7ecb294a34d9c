package main

import (
	"math"

	"assay/results/stat"
)

// rate counts how often something happened.
type rate struct{ hits, of int }

func (r *rate) add(hit bool) {
	r.of++
	if hit {
		r.hits++
	}
}

// interval is Wilson's 95 % interval of the rate.
func (r rate) interval() (lo, hi float64) {
	const z = 1.959964
	n := float64(r.of)
	if r.of == 0 {
		return 0, 1
	}
	p := float64(r.hits) / n
	center := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, center-half), min(1, center+half)
}

// result is what a rule achieved: how often it reported anything of a family
// that did not change, and how often it found what had.
type result struct {
	name  string
	alarm rate
	found []rate
}

// pairs compares runs of an unchanged suite, and the same with one case slower, by
// each of several shares of its time.
func pairs(s nightSource, rules []pairRule, n int, slower ...float64) []result {
	out := make([]result, len(rules))
	for t := range n {
		base, head := s.night(), s.night()
		c := t % caseCount(s)
		unchanged := head[c]
		for i, rule := range rules {
			head[c] = unchanged
			out[i].name = rule.name
			out[i].alarm.add(anyOf(rule.found(s.labels(), base, head)))
			found := make([]rate, len(slower))
			for k, by := range slower {
				head[c] = slowed(unchanged, by)
				found[k].add(rule.found(s.labels(), base, head)[c])
			}
			out[i].add(found...)
		}
	}
	return out
}

func (r *result) add(found ...rate) {
	if r.found == nil {
		r.found = make([]rate, len(found))
	}
	for i, f := range found {
		r.found[i].hits += f.hits
		r.found[i].of += f.of
	}
}

// nightsPerWindow is how many nights are judged against each drawn window. One
// window serves several nights because drawing it is most of the work; they are
// not quite independent, so their intervals are a little too narrow.
const nightsPerWindow = 10

// nights judges nights against windows, and the same with one case slower from
// the last night but one on, and from the last.
func nights(s nightSource, rules []nightRule, n, window int, slower float64) []result {
	out := make([]result, len(rules))
	for t := 0; t < n; t += nightsPerWindow {
		past := draw(s, window)
		before := place(s.night())
		for k := range nightsPerWindow {
			tonight := place(s.night())
			c := (t + k) % caseCount(s)
			slowBefore, slowTonight := before.with(c, slower), tonight.with(c, slower)
			for i, rule := range rules {
				out[i].name = rule.name
				out[i].alarm.add(anyOf(rule.found(s.labels(), past, before, tonight)))
				var first, second rate
				first.add(rule.found(s.labels(), past, before, slowTonight)[c])
				second.add(rule.found(s.labels(), past[:window-1], past[window-1], slowBefore)[c] ||
					rule.found(s.labels(), past, slowBefore, slowTonight)[c])
				out[i].add(first, second)
			}
			before = tonight
		}
	}
	return out
}

// placed draws nights.
func draw(s nightSource, n int) []placed {
	out := make([]placed, n)
	for i := range out {
		out[i] = place(s.night())
	}
	return out
}

// with is the night with one case slower.
func (p placed) with(c int, slower float64) placed {
	cases := append([]stat.Samples(nil), p.cases...)
	cases[c] = slowed(cases[c], slower)
	return place(cases)
}

// near is how many nights a change may be off.
const near = 3

// trends looks at histories in which one case gets slower for the last nights.
// Anything else that is reported is a false alarm.
func trends(s nightSource, rules []trendRule, n, length, after int, slower float64) []result {
	out := make([]result, len(rules))
	for t := range n {
		cases := history(draw(s, length))
		c, at := t%caseCount(s), length-after
		for i := at; i < length; i++ {
			cases[c][i] += math.Log1p(slower)
		}
		for i, rule := range rules {
			var found, alarm bool
			for k, changes := range rule.changes(cases) {
				for _, night := range changes {
					hit := k == c && night >= at-near && night <= at+near
					found, alarm = found || hit, alarm || !hit
				}
			}
			var r rate
			r.add(found)
			out[i].name = rule.name
			out[i].alarm.add(alarm)
			out[i].add(r)
		}
	}
	return out
}

func anyOf(found []bool) bool {
	for _, f := range found {
		if f {
			return true
		}
	}
	return false
}

func caseCount(s nightSource) int { return len(s.labels()) }
