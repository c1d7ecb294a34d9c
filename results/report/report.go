// Package report shows runs to people: one self-contained HTML file, or
// Markdown for a pull request. What it shows is given to it as plain data: it
// judges nothing and knows neither the store nor how anything was predicted or
// compared. Every name in the data is untrusted and is escaped.
package report

import (
	"time"

	"assay/results"
)

// Input is what a report shows. Only Head is needed; a section whose data is
// absent is left out.
type Input struct {
	Title string
	Made  time.Time
	// Head is the run that the report is about.
	Head results.Run
	// Base is the run that Findings compare it with.
	Base *results.Run
	// Notes are sentences about the comparison as a whole, such as what else
	// differs between the two runs.
	Notes     []string
	Findings  []Finding
	Histories []History
	Rooflines []Roofline
}

// Severity orders findings and colours them.
type Severity string

// The severities, worst first.
const (
	Regression  Severity = "regression"
	Changed     Severity = "changed" // an exact figure is not what it was
	Drift       Severity = "drift"   // the prediction's residual moved
	Missing     Severity = "missing" // the case has no partner
	Improvement Severity = "improvement"
	Note        Severity = "note"
)

// Finding is one thing that moved.
type Finding struct {
	Severity Severity
	// Case is the case's label, Figure what moved: "tokens/s", "KV bytes of layer 3".
	Case, Figure string
	// Before and After are printed values; Change is the effect with its
	// interval, Sure how certain it is, Since when.
	Before, After, Change, Sure, Since string
	// Details are sentences: what else changed, which layer or node.
	Details []string
	// Reproduce is the command that measures the case again.
	Reproduce string
}

// History is the course of one case over many runs.
type History struct {
	Key     results.Key
	Points  []Point
	Changes []Change
}

// Point is what one run measured of a timed case, in tokens per second: the median,
// which is 0 where nothing was timed, and the bounds of its 95 % interval, which are
// equal where none is known.
type Point struct {
	Run            string
	Time           time.Time
	Median, Lo, Hi float64
}

// Change is a place in a history where its level moved.
type Change struct {
	// At is the index of the first point after the change.
	At int
	// Before and After are the levels, in tokens per second.
	Before, After float64
	// Between says what lies between: versions, commits, dates.
	Between string
}

// Roofline is what one machine can do at most, and what cases reached.
type Roofline struct {
	Machine string
	// FLOPS is the highest rate of operations, Bandwidth of bytes, per second.
	FLOPS, Bandwidth float64
	Points           []RooflinePoint
}

// RooflinePoint is one case under a roof.
type RooflinePoint struct {
	Label string
	// Intensity is operations per byte moved, FLOPS operations per second.
	Intensity, FLOPS float64
}
