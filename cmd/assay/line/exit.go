package line

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"assay/harness/failure"
	"assay/results"
)

// The exit statuses; they are part of the interface and never change meaning.
// The packages below know none of them: their errors say what they are.
const (
	StatusDone      = 0
	StatusFailed    = 1
	StatusUsage     = 2
	StatusNoRuntime = 3
	StatusRefuted   = 4
)

// Usagef is bad usage.
func Usagef(format string, args ...any) error { return failure.Input(fmt.Errorf(format, args...)) }

// ExitStatus maps an error to the exit status. An error that says nothing of
// itself is a failure.
func ExitStatus(err error) int {
	var (
		runtime interface{ NoRuntime() bool }
		input   interface{ BadInput() bool }
		lost    refutedError
	)
	switch {
	case err == nil:
		return StatusDone
	case errors.As(err, &runtime) && runtime.NoRuntime():
		return StatusNoRuntime
	case errors.As(err, &input) && input.BadInput():
		return StatusUsage
	case errors.As(err, &lost):
		return StatusRefuted
	}
	return StatusFailed
}

// report prints the error, if any, as one sentence and returns the exit status.
func report(c Command, err error, s Streams) int {
	var known toldError
	switch {
	case err == nil, errors.As(err, &known):
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(s.Err, "assay %s: %s\n", c.Name, strings.Replace(err.Error(), context.Canceled.Error(), "interrupted", 1))
	default:
		fmt.Fprintf(s.Err, "assay %s: %v\n", c.Name, err)
	}
	return ExitStatus(err)
}

// toldError is an error that whoever started this process was told already.
type toldError struct{ err error }

// Told marks an error as one that needs no more words.
func Told(err error) error { return toldError{err} }

func (e toldError) Error() string { return e.err.Error() }

func (e toldError) Unwrap() error { return e.err }

// refutedError is a regression, or a prediction that did not hold.
type refutedError struct{ err error }

// Refuted marks an error as one of that class.
func Refuted(err error) error { return refutedError{err} }

func (e refutedError) Error() string { return e.err.Error() }

func (e refutedError) Unwrap() error { return e.err }

// Verdict turns records into the run's exit status.
func Verdict(records []results.Record) error { return AmountsTo(results.Count(records)) }

// AmountsTo is the error of what a run amounts to.
func AmountsTo(t results.Tally) error {
	switch outcome, says := t.Verdict(); outcome {
	case results.Failed:
		return errors.New(says)
	case results.Refuted:
		return Refuted(errors.New(says))
	}
	return nil
}
