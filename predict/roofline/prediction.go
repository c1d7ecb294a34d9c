package roofline

// Bound is what most of the time goes to.
type Bound string

// What a sample can be bound by.
const (
	BoundCompute   Bound = "compute"
	BoundBandwidth Bound = "bandwidth"
	BoundOverhead  Bound = "overhead"
)

// Prediction is the time of one sample, foretold.
type Prediction struct {
	Seconds Interval `json:"seconds"`
	// TokensPerSecond are the tokens of the sample over Seconds.
	TokensPerSecond Interval `json:"tokens_per_second"`
	Bound           Bound    `json:"bound"`
	// Shares is the part of the time that each parameter takes, largest first.
	Shares []Share `json:"shares"`
	// Kin are the costs that were taken from another's: "read q5_K as read q6_K".
	// The interval is wider for them.
	Kin []string `json:"kin,omitempty"`
}

// Share is the part of the time that goes to one parameter.
type Share struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"`
}
