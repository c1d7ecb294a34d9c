package main

import (
	"fmt"
	"io"
	"math/rand/v2"

	"assay/results/stat"
)

// window is how many accepted nights a night is judged against.
const window = 14

// A scenario is who changed at once.
type scenario struct {
	name string
	// hit chooses the cases, anew each time.
	hit func(labels []stat.Label, rng *rand.Rand) []bool
}

var scenarios = []scenario{
	{"one case", func(labels []stat.Label, rng *rand.Rand) []bool {
		out := make([]bool, len(labels))
		out[rng.IntN(len(out))] = true
		return out
	}},
	{"one model", func(labels []stat.Label, rng *rand.Rand) []bool {
		one := labels[rng.IntN(len(labels))]
		return where(labels, func(l stat.Label) bool { return l.Runtime == one.Runtime && l.Model == one.Model })
	}},
	{"prefill", func(labels []stat.Label, _ *rand.Rand) []bool {
		return where(labels, func(l stat.Label) bool { return l.Kind == kinds[0] })
	}},
	{"one runtime", func(labels []stat.Label, _ *rand.Rand) []bool {
		return where(labels, func(l stat.Label) bool { return l.Runtime == labels[0].Runtime })
	}},
	{"half", func(labels []stat.Label, rng *rand.Rand) []bool {
		out := make([]bool, len(labels))
		for _, i := range rng.Perm(len(out))[:len(out)/2] {
			out[i] = true
		}
		return out
	}},
	{"all", func(labels []stat.Label, _ *rand.Rand) []bool {
		return where(labels, func(stat.Label) bool { return true })
	}},
}

func where(labels []stat.Label, is func(stat.Label) bool) []bool {
	out := make([]bool, len(labels))
	for i, l := range labels {
		out[i] = is(l)
	}
	return out
}

// outcome is what became of a scenario: how many of the changed cases were listed,
// how often any was, and how often an unchanged one was accused.
type outcome struct{ share, any, accused rate }

func (o *outcome) add(hit, found []bool) {
	any, accused := false, false
	for i := range hit {
		if hit[i] {
			o.share.add(found[i])
			any = any || found[i]
		} else {
			accused = accused || found[i]
		}
	}
	o.any.add(any)
	o.accused.add(accused)
}

// losses are the shares of its speed that what changed loses.
var losses = []float64{0.05, 0.08, 0.15, 0.30, 0.50, 0.67}

// lost is a night in which the hit cases have lost a share of their speed.
func lost(night []stat.Samples, hit []bool, loss float64) []stat.Samples {
	out := append([]stat.Samples(nil), night...)
	for i := range out {
		if hit[i] {
			out[i] = slowed(out[i], 1/(1-loss)-1)
		}
	}
	return out
}

// twoRuns compares n pairs of runs for a scenario and a loss.
func twoRuns(s nightSource, sc scenario, loss float64, n int) (o outcome) {
	for range n {
		base, head := s.night(), s.night()
		hit := sc.hit(s.labels(), s.chance())
		o.add(hit, assayPair(s.labels(), base, lost(head, hit, loss)))
	}
	return o
}

// aNight judges n nights for a scenario and a loss, each against a window of its own.
func aNight(s nightSource, sc scenario, loss float64, n int) (o outcome) {
	for range n {
		past := draw(s, window+1)
		hit := sc.hit(s.labels(), s.chance())
		tonight := place(lost(s.night(), hit, loss))
		o.add(hit, nightRules[0].found(s.labels(), past[:window], past[window], tonight))
	}
	return o
}

// scenarioTable prints what is found of each scenario under a noise.
func scenarioTable(w io.Writer, name string, fresh func() nightSource, n int) {
	for _, judge := range []struct {
		name string
		of   func(nightSource, scenario, float64, int) outcome
	}{{"diff of two runs", twoRuns}, {fmt.Sprintf("nightly against %d accepted nights", window), aNight}} {
		fmt.Fprintf(w, "\n%s, %s, %d each: changed cases listed / any listed / an unchanged one accused, %%\n%-14s", name, judge.name, n, "")
		for _, loss := range losses {
			fmt.Fprintf(w, "  %-12s", fmt.Sprintf("-%.0f %%", 100*loss))
		}
		fmt.Fprintln(w)
		for _, sc := range scenarios {
			fmt.Fprintf(w, "%-14s", sc.name)
			s := fresh()
			for _, loss := range losses {
				o := judge.of(s, sc, loss, n)
				fmt.Fprintf(w, "  %-12s", fmt.Sprintf("%.0f/%.0f/%.0f", o.share.percent(), o.any.percent(), o.accused.percent()))
			}
			fmt.Fprintln(w)
		}
	}
}

func (r rate) percent() float64 {
	if r.of == 0 {
		return 0
	}
	return 100 * float64(r.hits) / float64(r.of)
}
