package nightly

import (
	"fmt"

	"assay/harness/run"
	"assay/results/figure"
)

// Drift is how the time of one fixed case moved within a night: the machine's
// own doing, whatever it says of its heat.
type Drift struct {
	Readings int   `json:"readings"`
	FirstNS  int64 `json:"first_ns"`
	LastNS   int64 `json:"last_ns"`
	FastNS   int64 `json:"fastest_ns"`
	SlowNS   int64 `json:"slowest_ns"`
}

// newDrift sums readings up, oldest first; nil for none.
func newDrift(readings []run.CanaryReading) *Drift {
	if len(readings) == 0 {
		return nil
	}
	first, last := readings[0].NS, readings[len(readings)-1].NS
	d := &Drift{Readings: len(readings), FirstNS: first, LastNS: last, FastNS: first, SlowNS: first}
	for _, r := range readings {
		d.FastNS, d.SlowNS = min(d.FastNS, r.NS), max(d.SlowNS, r.NS)
	}
	return d
}

// String is one sentence for people.
func (d Drift) String() string {
	return fmt.Sprintf("the canary ended %s from where it began, its slowest of %d readings %s above its fastest",
		figure.Change(float64(d.LastNS)/float64(d.FirstNS)-1), d.Readings, figure.Percent(float64(d.SlowNS)/float64(d.FastNS)-1))
}
