package stat

import (
	"cmp"
	"math"
	"slices"
)

// Compare judges the cases of two runs, base.Cases[i] against head.Cases[i],
// which labels[i] says whose they are. A case that could not be placed on either
// side is not judged.
func Compare(labels []Label, base, head Run, rule Rule) Family {
	return judge(labels, comparison{labels, base, head}.populations(func(int) bool { return true }), rule)
}

// comparison is two runs to be compared.
type comparison struct {
	labels     []Label
	base, head Run
}

// populations splits the cases that both sides have, and that are asked for, by
// runtime and kind.
func (c comparison) populations(wanted func(i int) bool) []*population {
	return split(c.labels, func(i int) bool { return c.base.Has(i) && c.head.Has(i) && wanted(i) }, c.fill)
}

// split makes a population of the wanted cases of each runtime and kind.
func split(labels []Label, wanted func(int) bool, fill func(*population)) []*population {
	place := map[Label]*population{}
	var all []*population
	for i, l := range labels {
		if !wanted(i) {
			continue
		}
		l.Model = ""
		p := place[l]
		if p == nil {
			p = &population{label: l, kin: noiseOf(l.Kind).Kin}
			place[l], all = p, append(all, p)
		}
		p.cases = append(p.cases, i)
	}
	slices.SortFunc(all, func(a, b *population) int {
		return cmp.Or(cmp.Compare(a.label.Runtime, b.label.Runtime), cmp.Compare(a.label.Kind, b.label.Kind))
	})
	for _, p := range all {
		fill(p)
	}
	return all
}

// fill sets a population's shifts and their variances: of a case σ0² + c² s² on
// either side, s² over the processes that it was measured in.
func (c comparison) fill(p *population) {
	n := noiseOf(p.label.Kind)
	base, head := spreads(c.base, p.cases, n), spreads(c.head, p.cases, n)
	rounds := math.MaxInt
	for k, i := range p.cases {
		b, h := c.base.Cases[i], c.head.Cases[i]
		p.d = append(p.d, h.Log-b.Log)
		b.Spread, h.Spread = base[k], head[k]
		p.v = append(p.v, n.night(b)+n.night(h))
		rounds = min(rounds, len(b.rounds), len(h.rounds))
	}
	p.prior, p.strict = n.prior(rounds)
	p.prior.shift, p.drift = n.Session, c.base.Drifted()+c.head.Drifted()
}

// spreads are the variances of the samples of a run's cases, moderated over them.
func spreads(r Run, cases []int, n Noise) []float64 {
	vars, dfs := make([]float64, len(cases)), make([]float64, len(cases))
	for k, i := range cases {
		vars[k], dfs[k] = r.Cases[i].Spread, float64(r.Cases[i].N-1)
		if vars[k] == 0 { // equal to the last digit: that says nothing
			dfs[k] = 0
		}
	}
	post, _ := moderate(vars, dfs)
	for k, v := range post {
		if math.IsNaN(v) {
			post[k] = n.Sample * n.Sample
		}
	}
	return post
}
