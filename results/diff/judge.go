package diff

import (
	"math"
	"strings"

	"assay/results"
	"assay/results/stat"
)

// judgeTimes judges all timed cases together.
func (d *Diff) judgeTimes(pairs []pair, opt Options) {
	var timed []int
	for i, p := range pairs {
		if !p.measured() || len(p.head.Measured.SamplesNS) == 0 || len(p.base.Measured.SamplesNS) == 0 && opt.Window == nil {
			continue
		}
		if unfit := p.head.Host.Unfit; opt.FitOnly && len(unfit) > 0 {
			d.Cases[i].Notes = append(d.Cases[i].Notes, "not judged for speed: the machine was not fit: "+strings.Join(unfit, "; "))
			continue
		}
		timed = append(timed, i)
	}
	if len(timed) == 0 {
		return
	}
	labels := d.labelsOf(pairs, timed)
	base, head := place(pairs, timed, false), place(pairs, timed, true)
	var family stat.Family
	if opt.Window.any() {
		family = stat.Nights(labels, opt.Window.runs(pairs, timed), head, opt.rule())
	} else {
		family = stat.Compare(labels, base, head, opt.rule())
	}
	d.Nights = family.Nights
	for k, i := range timed {
		c := &d.Cases[i]
		t := newTiming(pairs[i], base.Cases[k], head.Cases[k], family.Effects[k])
		opt.Window.fill(t, pairs[i].key)
		c.Time = t
		if opt.Window.any() && family.Nights == 0 { // those of a few nights are judged against the median of these
			d.Nights = max(d.Nights, t.BaseSamples)
		}
		c.Notes = append(c.Notes, notes(pairs[i], base.Errors[k], head.Errors[k], t)...)
	}
	d.steps(pairs, timed, opt)
	for _, g := range family.Groups {
		d.Groups = append(d.Groups, newGroup(g, func(k int) results.Key { return pairs[timed[k]].key }))
	}
}

func (d *Diff) labelsOf(pairs []pair, timed []int) []stat.Label {
	labels := make([]stat.Label, len(timed))
	for k, i := range timed {
		r := pairs[i].head
		model := strings.Join(strings.Fields(r.Model.Name+" "+r.Model.Weights()+" "+d.Cases[i].File), " ")
		labels[k] = stat.Label{Runtime: r.Runtime.Name, Model: model, Kind: string(r.Case.Kind)}
	}
	return labels
}

func newGroup(g stat.GroupEffect, key func(int) results.Key) Group {
	out := Group{
		Label: g.Label, Scope: g.Scope, Models: g.Models, Verdict: verdict(g.Found, g.Shift > 0),
		Change: g.Change(), Usual: math.Expm1(g.Usual), P: g.P, PFamily: g.Adjusted, Cases: g.Cases,
		Moved: []results.Key{}, Detectable: g.Detectable,
	}
	for _, k := range g.Members {
		out.Moved = append(out.Moved, key(k))
	}
	return out
}

// steps judges the cases with an open alert against the nights since it.
func (d *Diff) steps(pairs []pair, timed []int, opt Options) {
	if opt.Window == nil {
		return
	}
	var open []int
	for _, i := range timed {
		if len(opt.Window.open[pairs[i].key]) > 0 {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return
	}
	base, head := stat.Run{}, place(pairs, open, true)
	for _, i := range open {
		base.Cases = append(base.Cases, stat.Middle(opt.Window.open[pairs[i].key]))
		base.Errors = append(base.Errors, nil)
	}
	family := stat.Compare(d.labelsOf(pairs, open), base, head, opt.rule())
	for k, i := range open {
		if e := family.Effects[k]; e.Judged() {
			d.Cases[i].Time.Step = &Step{math.Expm1(-e.Total), verdict(e.Found, e.Slower)}
		}
	}
}

func place(pairs []pair, timed []int, head bool) stat.Run {
	samples := make([]stat.Samples, len(timed))
	for k, i := range timed {
		m := pairs[i].base.Measured
		if head {
			m = pairs[i].head.Measured
		}
		samples[k] = stat.Samples{NS: m.SamplesNS, Rounds: m.Rounds}
	}
	return stat.Place(samples)
}
