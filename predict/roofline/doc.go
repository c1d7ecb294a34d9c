// Package roofline turns counted work into time. It holds what is published
// about chips, fits costs (seconds a byte, an operation, a node, a step) to
// observations of one machine and runtime, judges the fit by leaving whole
// models out, and predicts tokens per second with error bars; it designs the
// cases that a fit needs and names the cost that explains a miss.
//
// It knows nothing of how work is counted, of records or of files: callers
// hand it Work and Observation and store a Fit as JSON.
package roofline
