package results

import (
	"fmt"
	"slices"
)

// Outcome is what a case amounts to, prediction included. They are ordered: the
// higher one decides what a run amounts to.
type Outcome int

// The outcomes. A case that is not predicted is no bad news: it was measured, and
// what could be set beside it is not known.
const (
	Held Outcome = iota
	NotPredicted
	Refuted
	Skipped
	Failed
)

// String is the outcome as people read it.
func (o Outcome) String() string {
	return [...]string{"ok", "not predicted", "refuted", "skipped", "failed"}[o]
}

// Outcome returns what the case amounts to. One check that does not hold refutes.
func (r Record) Outcome() Outcome {
	switch {
	case r.Status == StatusFailed:
		return Failed
	case r.Status == StatusSkipped:
		return Skipped
	case slices.ContainsFunc(r.Checks, func(c Check) bool { return !c.OK }):
		return Refuted
	case r.NotPredicted != "":
		return NotPredicted
	}
	return Held
}

// Tally counts the cases of a run by what they amount to.
type Tally struct {
	Cases, Held, NotPredicted, Refuted, Skipped, Failed int
	// Checks were made, and Broken of them do not hold.
	Checks, Broken int
	// Unfit cases were measured on a machine that was not fit to be, for these
	// reasons.
	Unfit   int
	Reasons []string
}

// Count tallies records.
func Count(records []Record) Tally {
	t := Tally{Cases: len(records), Reasons: []string{}}
	for _, r := range records {
		*t.of(r.Outcome())++
		for _, c := range r.Checks {
			t.Checks++
			if !c.OK {
				t.Broken++
			}
		}
		if len(r.Host.Unfit) > 0 {
			t.Unfit++
		}
		for _, why := range r.Host.Unfit {
			if !slices.Contains(t.Reasons, why) {
				t.Reasons = append(t.Reasons, why)
			}
		}
	}
	return t
}

func (t *Tally) of(o Outcome) *int {
	return [...]*int{&t.Held, &t.NotPredicted, &t.Refuted, &t.Skipped, &t.Failed}[o]
}

// Unsuccessful counts the cases of which nothing was measured.
func (t Tally) Unsuccessful() int { return t.Failed + t.Skipped }

// Verdict returns what the run amounts to and, where that is bad news, one
// sentence: a case without a result comes before a prediction that is refuted.
func (t Tally) Verdict() (Outcome, string) {
	switch {
	case t.Unsuccessful() > 0:
		if t.Cases == 1 {
			return Failed, "the one case failed or was skipped"
		}
		return Failed, fmt.Sprintf("%d of %d cases failed or were skipped", t.Unsuccessful(), t.Cases)
	case t.Refuted > 0:
		if t.Cases == 1 {
			return Refuted, "the one case refutes a prediction or has sources that disagree"
		}
		return Refuted, fmt.Sprintf("%d of %d cases refute a prediction or have sources that disagree", t.Refuted, t.Cases)
	case t.NotPredicted > 0:
		return NotPredicted, ""
	}
	return Held, ""
}
