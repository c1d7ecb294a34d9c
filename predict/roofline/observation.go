package roofline

import "slices"

// The kinds of a timed case.
const (
	KindPrefill = "prefill"
	KindDecode  = "decode"
)

// Observation is one timed case: the work that was counted for it and the time
// that one sample of it took.
type Observation struct {
	// Case names it for people: "smollm2-135m q4_0 decode 16 @ d 512".
	Case string `json:"case"`
	// Model is what is left out together when the fit is judged: the shapes,
	// not the weight type.
	Model string `json:"model"`
	Kind  string `json:"kind"`
	Depth int    `json:"depth"`
	// Machine, Runtime must be the same for all observations of one fit: a
	// machine with another number of threads is another machine.
	Machine string `json:"machine"`
	Runtime string `json:"runtime"`
	// Run is where the observation came from.
	Run  string `json:"run,omitempty"`
	Work Work   `json:"work"`
	// Seconds is the duration of one sample on an undisturbed machine.
	Seconds float64 `json:"seconds"`
	// Unfit lists why the machine was not fit to be measured; the fit leaves
	// such an observation out unless told otherwise.
	Unfit []string `json:"unfit,omitempty"`
}

// models lists the distinct models of the observations, sorted.
func models(obs []Observation) []string {
	var names []string
	for _, o := range obs {
		names = append(names, o.Model)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
