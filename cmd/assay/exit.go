package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// The exit statuses; they are part of the interface and never change meaning.
// The packages below know none of them: their errors say what they are.
const (
	statusDone      = 0
	statusFailed    = 1
	statusUsage     = 2
	statusNoRuntime = 3
	statusRefuted   = 4
)

// usageError is bad usage or unreadable input.
type usageError struct{ error }

func (e usageError) Unwrap() error  { return e.error }
func (e usageError) BadInput() bool { return true }

// usagef makes a usageError.
func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitStatus maps an error to the exit status. An error that says nothing of
// itself is a failure.
func exitStatus(err error) int {
	var (
		runtime interface{ NoRuntime() bool }
		input   interface{ BadInput() bool }
		refuted refutedError
	)
	switch {
	case err == nil:
		return statusDone
	case errors.As(err, &runtime) && runtime.NoRuntime():
		return statusNoRuntime
	case errors.As(err, &input) && input.BadInput():
		return statusUsage
	case errors.As(err, &refuted):
		return statusRefuted
	}
	return statusFailed
}

// report prints the error, if any, as one sentence and returns the exit status.
func report(c command, err error, s streams) int {
	var told toldError
	switch {
	case err == nil, errors.As(err, &told):
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(s.err, "assay %s: %s\n", c.name, strings.Replace(err.Error(), context.Canceled.Error(), "interrupted", 1))
	default:
		fmt.Fprintf(s.err, "assay %s: %v\n", c.name, err)
	}
	return exitStatus(err)
}

// toldError is an error that whoever started this process was told already.
type toldError struct{ error }

func (e toldError) Unwrap() error { return e.error }

// refutedError is a regression, or a prediction that did not hold.
type refutedError struct{ error }

func (e refutedError) Unwrap() error { return e.error }

// noRuntimeError is that there is no library to run in.
type noRuntimeError struct{ error }

func (e noRuntimeError) Unwrap() error   { return e.error }
func (e noRuntimeError) NoRuntime() bool { return true }
