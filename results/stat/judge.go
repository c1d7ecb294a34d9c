package stat

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// The shares of the false alarms that each scope may cost.
const (
	caseShare    = 0.65
	kindShare    = 0.125
	modelShare   = 0.125
	severalShare = 0.1
)

// power is the chance of being found that Detectable promises.
const power = 0.95

// judgement puts what is found of populations together.
type judgement struct {
	rule   Rule
	labels []Label
	all    []*population
	family Family
	// found is the direction in which a population was found as a whole, 0 for none:
	// its models are then no news.
	found []int
}

// judge tests cases, kinds, models, and several models together.
func judge(labels []Label, all []*population, rule Rule) Family {
	all = slices.DeleteFunc(all, func(p *population) bool { return len(p.cases) == 0 })
	fit(all)
	j := &judgement{rule: rule, labels: labels, all: all, family: Family{Effects: make([]Effect, len(labels))}}
	for i := range j.family.Effects {
		j.family.Effects[i] = Effect{P: 1, Adjusted: 1, SE: math.Inf(1), Detectable: 1}
	}
	j.cases()
	j.kinds()
	j.models()
	for i, p := range all {
		j.several(i)
		j.family.Nights = max(j.family.Nights, p.nights)
	}
	return j.family
}

func (j *judgement) cases() {
	var chances []*float64
	for _, p := range j.all {
		reach := quantile(0.975, p.df)
		detectable := p.detectable(j.rule, caseShare*j.rule.Alpha/float64(j.judged()))
		for k, i := range p.cases {
			e := &j.family.Effects[i]
			e.Total, e.Shift = p.d[k], p.d[k]-p.shift
			if p.total != nil {
				e.Total = p.total[k]
			}
			if p.step != nil && !math.IsNaN(p.step[k]) {
				e.step = &p.step[k]
			}
			e.SE, e.DF, e.reach = math.Sqrt(p.width(p.v[k])), p.df, reach
			e.P = p.chance(p.d[k], p.v[k])
			e.Adjusted, e.Nights = min(1, p.strict*e.P), p.nights
			e.Detectable = -math.Expm1(-detectable(p.v[k]))
			chances = append(chances, &e.Adjusted)
		}
	}
	holm(chances)
	for i := range j.family.Effects {
		if e := &j.family.Effects[i]; e.Judged() && e.Adjusted <= caseShare*j.rule.Alpha && j.counts(e, j.rule.least()) {
			e.found(OneCase, e.Shift > 0)
		}
	}
}

func (j *judgement) judged() int {
	n := 0
	for _, p := range j.all {
		n += len(p.cases)
	}
	return n
}

func (e *Effect) found(by Scope, slower bool) {
	if !e.Found {
		e.Found, e.By, e.Slower = true, by, slower
	}
}

// counts says whether a net change is at least so large, and the case's own: one
// whose speed stood is not faster because the others are slower.
func (j *judgement) counts(e *Effect, least float64) bool {
	return math.Abs(e.Shift) >= least && e.follows(e.Shift)
}

// follows says whether the case as it was measured moved by at least half of x,
// and since its last night too.
func (e *Effect) follows(x float64) bool {
	least, way := math.Abs(x)/2, sign(x)
	return e.Total*way >= least && (e.step == nil || *e.step*way >= least)
}

func sign(x float64) float64 { return math.Copysign(1, x) }

// holm replaces chances by those of any of them (Holm 1979).
func holm(chances []*float64) {
	slices.SortFunc(chances, func(a, b *float64) int { return cmp.Compare(*a, *b) })
	worst := 0.0
	for rank, p := range chances {
		worst = max(worst, min(1, *p*float64(len(chances)-rank)))
		*p = worst
	}
}

// detectable is the slowdown, as a logarithm, that would be found in one case of
// variance v at a level.
func (p *population) detectable(rule Rule, level float64) func(v float64) float64 {
	const nothing = 50.0
	unit := Median(p.v)
	lo, hi := 0.0, nothing
	for range 40 {
		if mid := (lo + hi) / 2; p.strict*p.chance(p.shift+mid*math.Sqrt(unit), unit) > level {
			lo = mid
		} else {
			hi = mid
		}
	}
	reserve := quantile(power, p.df)
	return func(v float64) float64 {
		return max(hi*math.Sqrt(v), rule.least()) + reserve*math.Sqrt(p.width(v))
	}
}

// kinds tests the middle of all cases of a runtime and kind against what sessions do.
func (j *judgement) kinds() {
	from := len(j.family.Groups)
	for _, p := range j.all {
		g := GroupEffect{Label: p.label, Scope: OneKind, Shift: Median(p.d), Cases: len(p.cases)}
		scale := p.session()
		g.P = min(1, p.strict*twoSided(max(0, math.Abs(g.Shift)-p.drift)/scale, shiftDF))
		g.Usual = quantile(0.975, shiftDF)*scale + p.drift
		level := kindShare * j.rule.Alpha / float64(len(j.all)) / p.strict
		g.Detectable = -math.Expm1(-(quantile(1-level/2, shiftDF)+quantile(power, shiftDF))*scale - p.drift)
		j.family.Groups = append(j.family.Groups, g)
	}
	groups := j.family.Groups[from:]
	adjust(groups)
	j.found = make([]int, len(j.all))
	for i := range groups {
		g := &groups[i]
		if g.Found = g.Adjusted <= kindShare*j.rule.Alpha && math.Abs(g.Shift) >= j.rule.least(); g.Found {
			j.members(g, j.all[i], "", func(e *Effect) float64 { return e.Total })
			if g.Found = len(g.Members) > 0; g.Found {
				j.found[i] = int(sign(g.Shift))
			}
		}
	}
}

// session is how far a session moves the middle of an unchanged population.
func (p *population) session() float64 {
	own := 0.0
	for i := range p.v {
		own += p.v[i] * p.scale * p.scale / float64(len(p.v))
	}
	if !p.whole {
		own *= math.Pi / 2 / float64(len(p.v)) // a median's
	}
	return math.Sqrt(p.prior.shift*p.prior.shift + own)
}

func adjust(groups []GroupEffect) {
	chances := make([]*float64, len(groups))
	for i := range groups {
		groups[i].Adjusted = groups[i].P
		chances[i] = &groups[i].Adjusted
	}
	holm(chances)
}

// ownChance is the largest chance of a case's shift with which it is listed as one of a
// group of which others did not move: half of the group's shift alone is then what
// one unchanged case in some does by itself.
const ownChance = 0.01

// Whole is the share of a group's cases that makes it one that moved together.
const Whole = 0.75

// members finds the cases that moved with a found group: the same way, and at
// least half as far (hierarchical: Meinshausen, Biometrika 2008). model "" is all.
// Where the group is split, each needs to be unlikely by itself, too.
func (j *judgement) members(g *GroupEffect, p *population, model string, shift func(*Effect) float64) {
	least := max(j.rule.least(), math.Abs(g.Shift)/2)
	var moved []int
	of := 0
	for _, i := range p.cases {
		e := &j.family.Effects[i]
		if model != "" && j.labels[i].Model != model {
			continue
		}
		of++
		if x := shift(e); x*sign(g.Shift) >= least && e.follows(x) {
			moved = append(moved, i)
		}
	}
	split := g.Scope == Several || float64(len(moved)) < Whole*float64(of)
	for _, i := range moved {
		if e := &j.family.Effects[i]; e.Found || !split || e.P <= ownChance {
			g.Members = append(g.Members, i)
			e.found(g.Scope, g.Shift > 0)
		}
	}
}

// byModel are the places of a population's cases within it, by model, and the
// models in order.
func (j *judgement) byModel(p *population) (models []string, cases map[string][]int) {
	cases = map[string][]int{}
	for k, i := range p.cases {
		m := j.labels[i].Model
		if cases[m] == nil {
			models = append(models, m)
		}
		cases[m] = append(cases[m], k)
	}
	slices.Sort(models)
	return models, cases
}

// models tests each model's cases of a kind together.
func (j *judgement) models() {
	var groups []GroupEffect
	var of []int
	for at, p := range j.all {
		models, cases := j.byModel(p)
		for _, m := range models {
			if len(cases[m]) >= 2 && len(models) >= 2 {
				groups = append(groups, p.together(m, cases[m]))
				of = append(of, at)
			}
		}
	}
	adjust(groups)
	for i := range groups {
		g := &groups[i]
		if g.Found = g.Adjusted <= modelShare*j.rule.Alpha && math.Abs(g.Shift) >= j.rule.least(); !g.Found {
			continue
		}
		j.members(g, j.all[of[i]], g.Model, func(e *Effect) float64 { return e.Shift })
		if len(g.Members) > 0 && j.found[of[i]] != int(sign(g.Shift)) {
			j.family.Groups = append(j.family.Groups, *g)
		}
	}
}

// together is the weighted mean of a model's net shifts, whose errors are
// correlated.
func (p *population) together(model string, cases []int) GroupEffect {
	weights, sum := 0.0, 0.0
	for _, k := range cases {
		w := 1 / p.v[k]
		weights += w
		sum += w * (p.d[k] - p.shift)
	}
	g := GroupEffect{Label: p.label, Scope: OneModel, Shift: sum / weights, Cases: len(cases)}
	g.Model = model
	v := (1 + float64(len(cases)-1)*p.kin) / weights
	g.P = min(1, p.strict*p.chance(g.Shift+p.shift, v))
	g.Usual = quantile(0.975, p.df) * math.Sqrt(p.width(v))
	g.Detectable = -math.Expm1(-g.Usual)
	return g
}

// enoughModels is how many models it takes to say that several of them moved.
const enoughModels = 6

// mostSeveral is the largest number of models that are looked for.
const mostSeveral = 8

// mover is a model, by the case of it that moved most in one direction.
type mover struct {
	model string
	p     float64
	most  int // that case
}

// movers are the models of a population, those first that moved most in a direction:
// by the chance of their cases together.
func (j *judgement) movers(p *population, way float64) (all []mover) {
	models, cases := j.byModel(p)
	for _, m := range models {
		one := mover{m, 1, p.cases[cases[m][0]]}
		for _, k := range cases[m] {
			e := &j.family.Effects[p.cases[k]]
			if c := e.P / 2; e.Shift*way > 0 && c < one.p {
				one.p, one.most = c, p.cases[k]
			}
		}
		one.p = min(1, one.p*float64(len(cases[m])))
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b mover) int { return cmp.Compare(a.p, b.p) })
	return all
}

// several asks whether the r models that moved most in one direction are more than
// chance leaves: each by its least chance, against the binomial tail (Wilkinson 1951;
// higher criticism: Donoho and Jin, Annals of Statistics 2004). One direction a run is
// said, that of the middle of all cases if it moved: where many moved, what did not
// looks as if it went the other way.
func (j *judgement) several(at int) {
	p := j.all[at]
	best := GroupEffect{P: 1}
	var movers []mover
	middle := Median(p.d)
	for _, way := range []float64{1, -1} {
		if way*middle <= -j.rule.least() {
			continue
		}
		if g, order := j.mostUnlikely(p, way); g.P < best.P {
			best, movers = g, order
		}
	}
	if best.P == 1 {
		return
	}
	best.Adjusted = min(1, best.P*float64(len(j.all)))
	if best.Adjusted > severalShare*j.rule.Alpha {
		return
	}
	best.Found = true
	for _, m := range movers[:best.Cases] {
		g := best
		if g.Shift = j.family.Effects[m.most].Shift; math.Abs(g.Shift) < j.rule.least() {
			continue
		}
		g.Members = nil
		j.members(&g, p, m.model, func(e *Effect) float64 { return e.Shift })
		if len(g.Members) > 0 {
			best.Models = append(best.Models, m.model)
			best.Members = append(best.Members, g.Members...)
		}
	}
	if len(best.Models) >= 2 && j.found[at] == 0 {
		best.Cases = len(best.Members)
		best.Shift = j.family.Effects[movers[0].most].Shift
		j.family.Groups = append(j.family.Groups, best)
	}
}

// mostUnlikely is the number of models moving in a direction that chance explains
// least, with the models in order.
func (j *judgement) mostUnlikely(p *population, way float64) (GroupEffect, []mover) {
	best := GroupEffect{Label: p.label, Scope: Several, P: 1}
	movers := j.movers(p, way)
	if len(movers) < enoughModels {
		return best, nil
	}
	last := min(mostSeveral, len(movers)-1)
	for r := 2; r <= last; r++ {
		chance := distuv.Binomial{N: float64(len(movers)), P: movers[r-1].p}.Survival(float64(r) - 1)
		if chance *= 2 * float64(last-1) * p.strict; chance < best.P { // 2: either direction
			best.P, best.Cases = chance, r
		}
	}
	return best, movers
}
