// Package trend reads the history of every case and says where it changed:
// between which nights, by how much, how sure that is, and what else changed
// then. Figures without noise change when they change; timings are searched by
// results/stat, whose Changes says how and why so. It loads and prints nothing.
package trend

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"assay/results"
	"assay/results/stat"
)

// Options are what a search may be asked for; the zero value is the default.
type Options struct {
	// Smallest is the smallest relative change of a timing that counts; 0 is
	// stat.TrendRule's.
	Smallest float64
}

// Trend is the history of the cases of one machine.
type Trend struct {
	Nights []Night `json:"nights"`
	Cases  []Case  `json:"cases"`
	// Common are changes that all cases share: the machine or a library as a
	// whole. They are not repeated in the cases.
	Common []Change `json:"common"`
	// Warnings are sentences about what was left out.
	Warnings []string `json:"warnings"`
}

// Night is one run.
type Night struct {
	Run  string    `json:"run"`
	Time time.Time `json:"time"`
}

// Case is the history of one case.
type Case struct {
	Key results.Key `json:"key"`
	// Points are the nights on which the case was measured on a fit machine.
	Points  []Point  `json:"points"`
	Changes []Change `json:"changes"`
}

// Point is one night of a case. NS is the location of a timed case.
type Point struct {
	// Night is the place of the night in Trend.Nights.
	Night   int      `json:"night"`
	NS      *float64 `json:"ns,omitempty"`
	KVBytes *int64   `json:"kv_bytes,omitempty"`
	FLOPs   *int64   `json:"flops,omitempty"`

	env *results.Environment
}

// Change is a place where a history changed.
type Change struct {
	// Figure is "time", "kv_bytes" or "flops".
	Figure string `json:"figure"`
	// Last is the last night before the change and First the first one after.
	Last  Night `json:"last"`
	First Night `json:"first"`
	// Before and After are nanoseconds of a sample, bytes or operations; a
	// change that all cases share has only its Change.
	Before *float64 `json:"before,omitempty"`
	After  *float64 `json:"after,omitempty"`
	// Change is the relative change with its 95 % interval, which is a point
	// for figures without noise.
	Change results.Interval `json:"change"`
	// P is the chance of such a change anywhere in an unchanged history; absent
	// for figures without noise.
	P *float64 `json:"p,omitempty"`
	// Between is what else changed between the two nights.
	Between []Difference `json:"between"`
}

// Difference is something that changed between two nights besides the figures.
type Difference struct {
	What   string `json:"what"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Machines is the error for histories of more than one machine.
type Machines struct{ First, Second string }

func (e *Machines) Error() string {
	return fmt.Sprintf("the histories are of more than one machine (%s, %s); name one", e.First, e.Second)
}

// Keep leaves out the cases whose key does not contain text. The changes that
// all cases share are those of all.
func (t *Trend) Keep(text string) {
	t.Cases = slices.DeleteFunc(t.Cases, func(c Case) bool { return !strings.Contains(string(c.Key), text) })
}

// locations are the logarithms of the cases' times by night.
func (t Trend) locations() [][]float64 {
	out := make([][]float64, len(t.Cases))
	for i, c := range t.Cases {
		out[i] = make([]float64, len(t.Nights))
		for k := range out[i] {
			out[i][k] = stat.Absent()
		}
		for _, p := range c.Points {
			if p.NS != nil {
				out[i][p.Night] = math.Log(*p.NS)
			}
		}
	}
	return out
}
