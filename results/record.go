// Package results holds what a run produced: the record, its key and the table of
// settings. It knows nothing of how a figure was predicted or measured, nor of the
// packages below its folder that compare, keep and show records.
package results

import "time"

// Schema is the version of the record format written by this program.
// A reader refuses a record of a higher one.
const Schema = 1

// Status says how a case ended.
type Status string

// The three ways a case can end.
const (
	StatusOK      Status = "ok"
	StatusFailed  Status = "failed"
	StatusSkipped Status = "skipped"
)

// Record is the result of one case: what was predicted, what was measured and
// where they part. A run is a JSON Lines stream of records. Sizes are bytes and
// times nanoseconds; a figure that is not known is absent, never 0.
type Record struct {
	Schema int       `json:"schema"`
	RunID  string    `json:"run_id"`
	Time   time.Time `json:"time"`
	Status Status    `json:"status"`
	// Error is one sentence; set unless Status is ok.
	Error string `json:"error,omitempty"`
	// Log holds the last lines that the library printed, for a failed case.
	Log []string `json:"log,omitempty"`

	Host      Host       `json:"host"`
	Runtime   Runtime    `json:"runtime"`
	Model     Model      `json:"model"`
	Case      Case       `json:"case"`
	Predicted *Predicted `json:"predicted,omitempty"`
	// NotPredicted says in one sentence why a case that was measured has no
	// prediction; that refutes nothing.
	NotPredicted string    `json:"not_predicted,omitempty"`
	Measured     *Measured `json:"measured,omitempty"`
	Residual     *Residual `json:"residual,omitempty"`
	// Checks are the comparisons of this case that must hold, each with its outcome.
	Checks []Check `json:"checks,omitempty"`
	// Verdicts judge rival rule sets against what was measured.
	Verdicts []Verdict `json:"verdicts,omitempty"`
}

// Residual is observation minus prediction, and the ratio for time.
type Residual struct {
	KVBytes     *int64 `json:"kv_bytes,omitempty"`
	FLOPs       *int64 `json:"flops,omitempty"`
	WeightBytes *int64 `json:"weight_bytes,omitempty"`
	// ComputeBytes, OutputBytes and RepackBytes are of the log's rounded sizes.
	ComputeBytes *int64 `json:"compute_bytes,omitempty"`
	OutputBytes  *int64 `json:"output_bytes,omitempty"`
	RepackBytes  *int64 `json:"repack_bytes,omitempty"`
	// SecondsRatio is measured over predicted seconds.
	SecondsRatio *float64 `json:"seconds_ratio,omitempty"`
}

// Check is one comparison that must hold.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Detail says both values and where they part, when OK is false.
	Detail string `json:"detail,omitempty"`
}

// Verdict judges one figure of one rule set against what was measured.
type Verdict struct {
	Rules     string `json:"rules"`
	Figure    string `json:"figure"`
	Predicted int64  `json:"predicted"`
	Measured  int64  `json:"measured"`
	// Confirmed is equality; otherwise Because names the fact that explains it.
	Confirmed bool   `json:"confirmed"`
	Because   string `json:"because,omitempty"`
	// Chief is the one false assumption that matters most.
	Chief string `json:"chief,omitempty"`
}
