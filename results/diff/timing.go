package diff

import (
	"fmt"
	"math"
	"strings"

	"assay/results"
	"assay/results/figure"
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

// Timing is the judgement of a timed case. Times are those of one sample, changes
// those of tokens per second: -0.05 is 5 % slower.
type Timing struct {
	BaseNS float64 `json:"base_ns"`
	HeadNS float64 `json:"head_ns"`
	// BaseSamples and HeadSamples are how many samples each side has; with a
	// window the base has the nights of it.
	BaseSamples int     `json:"base_samples"`
	HeadSamples int     `json:"head_samples"`
	Verdict     Verdict `json:"verdict"`
	// Total is the change from base to head.
	Total *float64 `json:"total,omitempty"`
	// Change is what is left of it without what the session did to all cases of
	// the runtime and kind, with its 95 % interval; absent if not judged.
	Change *results.Interval `json:"change,omitempty"`
	// By is what had to be looked at to see it: the case alone, its model, several
	// models or the kind.
	By stat.Scope `json:"by,omitempty"`
	// P is the chance of such a change in this case if nothing had changed, and
	// PFamily in any of the run's cases.
	P       *float64 `json:"p,omitempty"`
	PFamily *float64 `json:"p_family,omitempty"`
	// Detectable is the smallest loss of speed that would have been found in this
	// case alone with 95 % power; 1 is none.
	Detectable *float64 `json:"detectable,omitempty"`
	// Nights is how many nights the case was judged against, 0 for two runs;
	// Together how many were judged as one.
	Nights   int `json:"nights"`
	Together int `json:"together,omitempty"`
	// Step is the change since the alert about the case that is open, where there
	// is one.
	Step *Step `json:"step,omitempty"`
}

// Step is how a case moved since an earlier finding.
type Step struct {
	Change  float64 `json:"change"`
	Verdict Verdict `json:"verdict"`
}

// Group is the judgement of cases that belong together. Changes are those of tokens
// per second.
type Group struct {
	stat.Label
	Scope   stat.Scope `json:"scope"`
	Models  []string   `json:"models,omitempty"`
	Verdict Verdict    `json:"verdict"`
	Change  float64    `json:"change"`
	// Usual is what sessions move such a group by without a change, up or down.
	Usual float64 `json:"usual"`
	P     float64 `json:"p"`
	// PFamily is the chance of it in any such group.
	PFamily float64 `json:"p_family"`
	// Cases are how many it has, Moved those that moved with it.
	Cases int           `json:"cases"`
	Moved []results.Key `json:"moved"`
	// Detectable is the smallest loss of speed of all of them that would have been found.
	Detectable float64 `json:"detectable"`
}

// String is the judgement in one sentence, without its full stop.
func (g Group) String() string {
	name := strings.Join(strings.Fields(g.Runtime+" "+g.Model+" "+g.Kind), " ")
	change := fmt.Sprintf("%+.1f %%", 100*g.Change)
	switch {
	case g.Scope == stat.Several:
		return fmt.Sprintf("%s: %d models moved, the first by %s (%s)", name, len(g.Models), change, figure.Several(len(g.Moved), "case"))
	case g.Verdict == Same:
		all, of := fmt.Sprintf("all %d cases together", g.Cases), " of all"
		if g.Cases == 1 {
			all, of = "its one case", ""
		}
		return fmt.Sprintf("%s: %s %s, within what sessions do (±%.0f %%); a loss of %.0f %%%s would have been found",
			name, all, change, 100*g.Usual, 100*g.Detectable, of)
	}
	text := fmt.Sprintf("%s: %s by %.1f %% (%d of %d cases), beyond what sessions do (±%.0f %%)",
		name, g.Verdict, 100*math.Abs(g.Change), len(g.Moved), g.Cases, 100*g.Usual)
	if float64(len(g.Moved)) < stat.Whole*float64(g.Cases) {
		text += "; the run is split: the others did not move with them"
	}
	return text
}

func newTiming(p pair, base, head stat.Summary, e stat.Effect) *Timing {
	t := &Timing{
		BaseNS: nanoseconds(p.base.Measured.SamplesNS), HeadNS: nanoseconds(p.head.Measured.SamplesNS),
		BaseSamples: base.N, HeadSamples: head.N, Verdict: NotJudged,
	}
	if !e.Judged() {
		return t
	}
	total := math.Expm1(-e.Total)
	change, lo, hi := e.Change()
	t.Total, t.Change = &total, &results.Interval{Value: change, Lo: lo, Hi: hi}
	t.P, t.PFamily, t.Detectable, t.Nights, t.Together = &e.P, &e.Adjusted, &e.Detectable, e.Nights, e.Together
	t.Verdict, t.By = verdict(e.Found, e.Slower), e.By
	return t
}

// nanoseconds is a case's location, 0 for no samples.
func nanoseconds(samples []int64) float64 {
	if len(samples) == 0 {
		return 0
	}
	return math.Exp(stat.Location(samples))
}

func verdict(found, slower bool) Verdict {
	switch {
	case !found:
		return Same
	case slower:
		return Slower
	}
	return Faster
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
