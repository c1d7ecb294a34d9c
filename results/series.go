package results

import "time"

// Series is the history of one case on one machine, oldest run first.
type Series struct {
	Key     Key
	Machine string
	// Runtime, Model and Case are what Key stands for, Earlier its [Record.EarlierKey].
	Runtime Runtime
	Model   Model
	Case    Case
	Earlier Key
	Points  []Point
}

// Point is what one run measured of a case that succeeded.
type Point struct {
	RunID string
	Time  time.Time
	// Env is shared by all points that were measured in the same one.
	Env *Environment
	// SamplesNS are the durations of one sample each, Rounds their rounds;
	// nil for a case that is not timed.
	SamplesNS []int64
	Rounds    []int
	KVBytes   *int64
	FLOPs     *int64
	// Predicted is the predicted duration of a sample in seconds, if there was one.
	Predicted *float64
}
