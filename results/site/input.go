package site

import (
	_ "embed"
	"slices"
	"time"

	"assay/results"
	"assay/results/report"
	"assay/results/trend"
)

// Input is what a site shows.
type Input struct {
	Made     time.Time
	Machines []Machine
}

// Machine is what was measured on one machine.
type Machine struct {
	Name string
	// Runs are those with records, oldest first.
	Runs []Run
	// Trend has the changes of the cases, Cases the rest of them, in the same order.
	Trend trend.Trend
	Cases []Case
}

// Run is one run of a machine.
type Run struct {
	ID                string
	Time              time.Time
	Tags              []string
	OK, Failed, Unfit int
	// Report gathers what the run's own page shows; nil for a run that has none.
	Report func() (report.Input, error)
}

// Case is one case of a machine.
type Case struct {
	// Record is the newest of the case, or what stands for it: runtime, model and
	// settings.
	Record  results.Record
	History report.History
	// KVBytes and FLOPs are where those became what they are.
	KVBytes, FLOPs []Step
}

// Step is a figure without noise from a point of a history on, until the next.
type Step struct {
	At int
	Is int64
}

// Steps adds a figure of a point to those before it, if it is another than the last.
func Steps(before []Step, at int, is *int64) []Step {
	if is == nil || len(before) > 0 && before[len(before)-1].Is == *is {
		return before
	}
	return append(before, Step{at, *is})
}

// at is the figure of a point.
func at(steps []Step, point int) (is int64, ok bool) {
	for _, s := range slices.Backward(steps) {
		if s.At <= point {
			return s.Is, true
		}
	}
	return 0, false
}

// newest is the id of the machine's newest run, "" if it has none.
func (m Machine) newest() string {
	if len(m.Runs) == 0 {
		return ""
	}
	return m.Runs[len(m.Runs)-1].ID
}
