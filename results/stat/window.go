package stat

import (
	"math"
	"slices"
)

// Absent marks a night on which a case has no location; IsNaN finds it.
func Absent() float64 { return math.NaN() }

const (
	// WindowNights is how many of its nights a case is judged against at most,
	// besides the last, which is judged together with tonight.
	WindowNights = 14
	// enoughCases is how many cases of a kind show what a night did to all.
	enoughCases = 5
	// secondShare is the share of the false alarms that judging two nights together
	// may cost. Two nights are less noisy than one, so a small share is enough.
	secondShare = 0.2
)

// Nights judges the cases of a night against the accepted nights before it, oldest
// first: alone, and together with the last of them, which sees smaller effects. A
// case with fewer than FewestNights nights besides that is compared with the
// median of those that it has as two runs are, and must have moved since the last
// of them too: with few nights a step that was accepted unseen lies between them.
func Nights(labels []Label, past []Run, tonight Run, rule Rule) Family {
	w := newWindow(labels, past, tonight)
	first, second := rule, rule
	first.Alpha *= 1 - secondShare
	second.Alpha *= secondShare
	alone := append(w.populations(false), w.few()...)
	f := judge(labels, alone, first)
	together := judge(labels, w.populations(true), second)
	for i, e := range together.Effects {
		if e.Found && !f.Effects[i].Found {
			e.Together = 2
			f.Effects[i] = e
		}
	}
	for _, g := range together.Groups {
		f.add(g)
	}
	return f
}

// add takes a group in that was found, unless it was before.
func (f *Family) add(g GroupEffect) {
	if !g.Found {
		return
	}
	for i, old := range f.Groups {
		if old.Label == g.Label && old.Scope == g.Scope {
			if !old.Found {
				f.Groups[i] = g
			}
			return
		}
	}
	f.Groups = append(f.Groups, g)
}

// window is what the nights before say of each case.
type window struct {
	labels  []Label
	past    []Run
	tonight Run
	// nights are the places in past of each case's window, and last that of its
	// last night, -1 for none.
	nights [][]int
	last   []int
	// known are the kinds of which enough cases have enough nights: what is learned
	// of them holds for those with fewer.
	known map[Label]bool
}

func kindOf(l Label) Label {
	l.Model = ""
	return l
}

func newWindow(labels []Label, past []Run, tonight Run) *window {
	w := &window{labels, past, tonight, make([][]int, len(labels)), make([]int, len(labels)), map[Label]bool{}}
	cases := map[Label]int{}
	for i := range labels {
		var have []int
		for j := len(past) - 1; j >= 0 && len(have) <= WindowNights; j-- {
			if past[j].Has(i) {
				have = append(have, j)
			}
		}
		slices.Reverse(have)
		w.last[i] = -1
		if n := len(have); n > 0 {
			w.nights[i], w.last[i] = have[:n-1], have[n-1]
		}
		if kind := kindOf(labels[i]); w.enough(i) && tonight.Has(i) {
			cases[kind]++
			w.known[kind] = cases[kind] >= enoughCases
		}
	}
	return w
}

func (w *window) enough(i int) bool { return len(w.nights[i]) >= FewestNights }

// few are the populations of the cases with few nights, compared with the median
// of them.
func (w *window) few() []*population {
	base := Run{Cases: make([]Summary, len(w.labels)), Errors: make([]error, len(w.labels))}
	for i := range w.labels {
		if w.last[i] < 0 || w.enough(i) || w.known[kindOf(w.labels[i])] {
			continue
		}
		base.Cases[i] = w.middle(i)
	}
	all := comparison{w.labels, base, w.tonight}.populations(func(i int) bool { return base.Cases[i].N > 0 })
	for _, p := range all {
		p.step = make([]float64, len(p.cases))
		for k, i := range p.cases {
			p.step[k] = w.tonight.Cases[i].Log - w.past[w.last[i]].Cases[i].Log
		}
	}
	return all
}

// middle is what a case with few nights is compared with.
func (w *window) middle(i int) Summary {
	var nights []Summary
	for _, j := range append(slices.Clone(w.nights[i]), w.last[i]) {
		nights = append(nights, w.past[j].Cases[i])
	}
	return Middle(nights)
}

// Middle is the last of some nights of a case at the level, and with the spread, of
// their median. It needs at least one.
func Middle(nights []Summary) Summary {
	var logs, spread []float64
	for _, s := range nights {
		logs, spread = append(logs, s.Log), append(spread, s.Spread)
	}
	s := nights[len(nights)-1]
	s.Log, s.Spread = Median(logs), Median(spread)
	return s
}

// populations are those of the cases with enough nights, or of a kind that is known;
// together judges the mean of tonight and the night before, of the former alone.
func (w *window) populations(together bool) []*population {
	wanted := func(i int) bool {
		return w.tonight.Has(i) && (w.enough(i) || !together && w.last[i] >= 0 && w.known[kindOf(w.labels[i])])
	}
	return split(w.labels, wanted, func(p *population) { w.fill(p, together) })
}

// levels is what each night did to all cases of a population, 0 where they are too
// few to show it, and the nights that show it.
func (w *window) levels(p *population) (levels map[int]float64, shown []float64) {
	off := map[int][]float64{}
	for i, l := range w.labels {
		if l.Runtime != p.label.Runtime || l.Kind != p.label.Kind || len(w.nights[i]) == 0 {
			continue
		}
		nights := append(slices.Clone(w.nights[i]), w.last[i])
		logs := make([]float64, len(nights))
		for k, j := range nights {
			logs[k] = w.past[j].Cases[i].Log
		}
		middle := Median(logs)
		for k, j := range nights {
			off[j] = append(off[j], logs[k]-middle)
		}
	}
	levels = map[int]float64{}
	for j, xs := range off {
		if len(xs) >= enoughCases {
			levels[j] = Median(xs)
			shown = append(shown, levels[j])
		}
	}
	slices.Sort(shown)
	return levels, shown
}

func (w *window) history(i int, levels map[int]float64) history {
	h := history{}
	var spread []float64
	nights := w.nights[i]
	if !w.enough(i) {
		nights = append(slices.Clone(nights), w.last[i])
	}
	for _, j := range nights {
		s := w.past[j].Cases[i]
		h.logs = append(h.logs, s.Log-levels[j])
		spread = append(spread, s.Spread)
	}
	slices.Sort(h.logs)
	h.center, h.variance, h.spread = trimmed(h.logs), variance(h.logs), Median(spread)
	return h
}

func (w *window) fill(p *population, together bool) {
	levels, shown := w.levels(p)
	histories := make([]history, len(p.cases))
	vars, dfs := make([]float64, len(p.cases)), make([]float64, len(p.cases))
	for k, i := range p.cases {
		histories[k] = w.history(i, levels)
		vars[k], dfs[k] = histories[k].variance, float64(len(histories[k].logs)-1)
	}
	known := newMatter(vars, dfs)
	base, tonight := 0.0, w.last
	if len(shown) > 0 {
		base = trimmed(shown)
	}
	rounds := math.MaxInt
	noise := noiseOf(p.label.Kind)
	spread := spreads(w.tonight, p.cases, noise)
	for k, i := range p.cases {
		h, s := histories[k], w.tonight.Cases[i]
		s.Spread = spread[k]
		x, share := s.Log, 1.0
		if together {
			j := tonight[i]
			x, share = (s.Log+w.past[j].Cases[i].Log-levels[j]+base)/2, 0.5
		}
		v := max(known.variance(vars[k], dfs[k]), quiet*quiet)
		step := math.NaN()
		if !w.enough(i) {
			v = max(v, noise.night(s))
			step = s.Log - w.past[w.last[i]].Cases[i].Log
		}
		p.step = append(p.step, step)
		p.d = append(p.d, x-h.center-base)
		p.total = append(p.total, s.Log-w.middle(i).Log)
		p.v = append(p.v, v*(share+1/float64(len(h.logs)))+share*w.worse(p, h, s))
		p.nights = max(p.nights, len(h.logs))
		rounds = min(rounds, len(s.rounds))
	}
	p.whole = len(p.cases) < enoughCases || len(shown) < FewestNights
	w.priors(p, known.residuals(histories), shown, rounds)
}

// worse is what a session that is worse than usual within itself adds.
func (w *window) worse(p *population, h history, s Summary) float64 {
	const twice = 4 // as a variance
	if s.N < MinSpread || s.Spread <= twice*h.spread {
		return 0
	}
	c := noiseOf(p.label.Kind).Spread
	return c * c * (s.Spread - h.spread) / s.processes()
}

// The window's own shifts are joined by three nights of these.
const (
	sessionNights   = 3
	session         = 0.025 // of one process
	sessionInRounds = 0.010
	unshared        = 0.002 // where the cases are too few to have a shift of their own
	// nightly is how much more often than the rule says nights are taken for
	// changed, before the tails and their smallest size are counted: the
	// simulation in results/sim holds what comes of it.
	nightly = 1.9
	// dependent is what the likelihood of a tail counts for where each case is
	// several processes: the residuals of a night are not independent, and the tail
	// there is known to be short.
	dependent = 0.15
)

// priors take scale and tails from the past: learned from tonight they would hide
// what changed.
func (w *window) priors(p *population, residuals, shown []float64, rounds int) {
	p.prior, _ = noiseOf(p.label.Kind).prior(rounds)
	p.prior.settled, p.prior.spread, p.prior.most = true, 0.12, 1.6
	most := math.Inf(-1)
	var ll [len(tails)]float64
	temper := 1.0
	if rounds >= 2 {
		temper = dependent
	}
	for k, df := range tails {
		p.prior.tau[k], ll[k] = scaleOf(residuals, df)
		ll[k] = temper*ll[k] + math.Log(p.prior.tail[k])
		most = max(most, ll[k])
	}
	for k := range ll {
		p.prior.tail[k] = math.Exp(ll[k] - most)
	}
	own := session
	if rounds >= 2 {
		own = sessionInRounds
	}
	squares := sessionNights * own * own
	for _, x := range shown {
		squares += (x - mean(shown)) * (x - mean(shown))
	}
	p.prior.shift = math.Sqrt(squares / (sessionNights + float64(max(1, len(shown))) - 1))
	if p.whole {
		p.prior.shift = unshared
	}
	p.strict = 1.0 / nightly
}
