package nightly

import (
	"fmt"

	"assay/harness/run"
	"assay/results/figure"
)

// Drift is how the time of one fixed case moved within a night: the machine's
// own doing, whatever it says of its heat.
type Drift struct {
	Runtime  string `json:"runtime,omitempty"`
	Readings int    `json:"readings"`
	FirstNS  int64  `json:"first_ns"`
	LastNS   int64  `json:"last_ns"`
	FastNS   int64  `json:"fastest_ns"`
	SlowNS   int64  `json:"slowest_ns"`
}

// newDrifts sums readings up, oldest first, for each runtime.
func newDrifts(readings []run.CanaryReading) (all []Drift) {
	place := map[string]int{}
	for _, r := range readings {
		i, seen := place[r.Runtime]
		if !seen {
			i = len(all)
			place[r.Runtime] = i
			all = append(all, Drift{Runtime: r.Runtime, FirstNS: r.NS, FastNS: r.NS, SlowNS: r.NS})
		}
		d := &all[i]
		d.Readings++
		d.LastNS, d.FastNS, d.SlowNS = r.NS, min(d.FastNS, r.NS), max(d.SlowNS, r.NS)
	}
	return all
}

// String is one sentence for people.
func (d Drift) String() string {
	name := "the canary"
	if d.Runtime != "" {
		name = "the canary in " + d.Runtime
	}
	return fmt.Sprintf("%s ended %s from where it began, its slowest of %d readings %s above its fastest", name,
		figure.Change(float64(d.LastNS)/float64(d.FirstNS)-1), d.Readings, figure.Percent(float64(d.SlowNS)/float64(d.FastNS)-1))
}
