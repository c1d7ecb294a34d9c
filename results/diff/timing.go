package diff

import (
	"fmt"
	"math"
	"strings"

	"assay/results"
	"assay/results/stat"
)

// Verdict is what became of a timing.
type Verdict string

// The verdicts; Same means that no change was found, which the smallest
// detectable change qualifies.
const (
	Slower    Verdict = "slower"
	Faster    Verdict = "faster"
	Same      Verdict = "same"
	NotJudged Verdict = "not judged"
)

// Timing is the judgement of a timed case. Times are those of one sample.
type Timing struct {
	BaseNS float64 `json:"base_ns"`
	HeadNS float64 `json:"head_ns"`
	// BaseSamples and HeadSamples are how many samples each side has; with a
	// window the base has the nights of it.
	BaseSamples int     `json:"base_samples"`
	HeadSamples int     `json:"head_samples"`
	Verdict     Verdict `json:"verdict"`
	// Change is the relative change of the time, 0.05 for 5 % slower, net of
	// what all cases share, Lo and Hi its 95 % interval; absent if not judged.
	Change *results.Interval `json:"change,omitempty"`
	// P is the chance of such a change in this case if nothing had changed, and
	// PFamily in any of the run's cases.
	P       *float64 `json:"p,omitempty"`
	PFamily *float64 `json:"p_family,omitempty"`
	// Detectable is the smallest slowdown that would have been found with 95 %
	// power.
	Detectable *float64 `json:"detectable,omitempty"`
	// Nights is how many nights were judged together, 0 for two runs.
	Nights int `json:"nights"`
}

// Common is the shift that all timed cases share: the machine or the library as
// a whole.
type Common struct {
	Change  results.Interval `json:"change"`
	Verdict Verdict          `json:"verdict"`
	// Drift is how much the machine slowed within the two runs, which a shift
	// must exceed to count: a run that gets hot is slower as a whole.
	Drift float64 `json:"drift"`
	// Scatter is how many times wider the cases scatter than their own noise
	// explains.
	Scatter float64 `json:"scatter"`
}

// judgeTimes judges all timed cases together.
func (d *Diff) judgeTimes(pairs []pair, opt Options) {
	var timed []int
	for i, p := range pairs {
		if !p.measured() || len(p.base.Measured.SamplesNS)+len(p.head.Measured.SamplesNS) == 0 {
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
	base, head := place(pairs, timed, false), place(pairs, timed, true)
	family, drift := stat.Compare(base, head, opt.rule()), base.Drifted()+head.Drifted()
	if nights := opt.Window.usable(pairs, timed); nights > 0 {
		d.Nights = nights
		family, drift = opt.Window.judge(pairs, timed, head, opt.rule()), head.Drifted()
	}
	for k, i := range timed {
		c := &d.Cases[i]
		t := newTiming(pairs[i], base.Cases[k], head.Cases[k], family.Effects[k])
		if d.Nights > 0 {
			opt.Window.fill(t, pairs[i].key)
		}
		c.Time = t
		c.Notes = append(c.Notes, notes(pairs[i], base.Errors[k], head.Errors[k], t)...)
	}
	d.Common = newCommon(family, drift, opt.rule())
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

func newTiming(p pair, base, head stat.Summary, e stat.Effect) *Timing {
	t := &Timing{
		BaseNS: nanoseconds(p.base.Measured.SamplesNS), HeadNS: nanoseconds(p.head.Measured.SamplesNS),
		BaseSamples: base.N, HeadSamples: head.N, Verdict: NotJudged,
	}
	if !e.Judged() {
		return t
	}
	lo, hi := e.CI()
	t.Change = &results.Interval{Value: e.Relative(), Lo: lo, Hi: hi}
	t.P, t.PFamily, t.Detectable, t.Nights = &e.P, &e.Adjusted, &e.Detectable, e.Nights
	t.Verdict = verdict(e.Found, e.Shift)
	return t
}

// nanoseconds is a case's location, 0 for no samples.
func nanoseconds(samples []int64) float64 {
	if len(samples) == 0 {
		return 0
	}
	return math.Exp(stat.Location(samples))
}

func verdict(found bool, shift float64) Verdict {
	switch {
	case !found:
		return Same
	case shift > 0:
		return Slower
	}
	return Faster
}

// newCommon judges the common shift: it counts when what is left of it after
// the machine's own drift is certain and large enough.
func newCommon(f stat.Family, drift float64, rule stat.Rule) *Common {
	if f.CommonSE == 0 {
		return nil
	}
	// 4 standard errors leave a chance of 1 in 10,000, whatever the cases find.
	const certain = 4
	left := math.Abs(f.Common) - drift
	found := left-certain*f.CommonSE > 0 && math.Expm1(left) >= rule.Smallest
	return &Common{
		Change: results.Interval{
			Value: math.Expm1(f.Common),
			Lo:    math.Expm1(f.Common - 1.96*f.CommonSE - drift),
			Hi:    math.Expm1(f.Common + 1.96*f.CommonSE + drift),
		},
		Verdict: verdict(found, f.Common), Drift: math.Expm1(drift), Scatter: f.Scatter,
	}
}

// notes are the warnings that belong to a timing.
func notes(p pair, baseErr, headErr error, t *Timing) []string {
	var out []string
	for _, s := range []struct {
		name    string
		err     error
		samples int
		rounds  []int
	}{
		{"base", baseErr, t.BaseSamples, p.base.Measured.Rounds},
		{"head", headErr, t.HeadSamples, p.head.Measured.Rounds},
	} {
		switch {
		case s.err != nil:
			out = append(out, fmt.Sprintf("%s: %v", s.name, s.err))
		case len(s.rounds) == 0:
			out = append(out, s.name+": the rounds of its samples are not known, so differences between processes are not seen")
		case oneRound(s.rounds):
			out = append(out, s.name+": all samples are of one process, so differences between processes are not seen")
		}
	}
	return out
}

func oneRound(rounds []int) bool {
	for _, r := range rounds {
		if r != rounds[0] {
			return false
		}
	}
	return true
}
