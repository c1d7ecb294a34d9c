package run

import (
	"assay/harness/subject"
	"assay/harness/suite"
)

// Planned is what a run will do.
type Planned struct {
	Suite suite.Suite
	Items []subject.Item
	// Foretold says that the time of some case can be predicted on this machine.
	Foretold bool
	// Fallbacks are what a device has no kernel for, a sentence each.
	Fallbacks []string
}

// Visits are how many workers will be started, as far as that is known: rounds that
// are added for precision are not.
func (p Planned) Visits() int {
	n := 0
	for _, it := range p.Items {
		if n++; it.Timed() {
			n += p.Suite.Rounds - 1
		}
	}
	return n
}

// Progress is one step of a run: a worker begins a phase, has a sample, or is done.
type Progress struct {
	Round, Rounds int
	Done, Total   int // workers of this round
	Item          subject.Item
	Phase         string
	// PID is the worker's, for whoever wants to attach to it; 0 before it starts.
	PID int
	// SamplesNS are the worker's so far, of Samples that it is to take.
	SamplesNS []int64
	Samples   int
	// Ended says that the worker is done; Failure is why it brought nothing.
	Ended   bool
	Failure string
}
