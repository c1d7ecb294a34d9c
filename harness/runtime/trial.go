package runtime

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Trial is a small experiment on one thing that is taken for granted of a library.
type Trial struct {
	// Name is unique in its runtime.
	Name string `json:"name"`
	// Assumed is what is taken for granted, in one sentence, and Source where it was
	// read: project, file and function.
	Assumed string `json:"assumed"`
	Source  string `json:"source"`
	// Look makes the experiment in an opened library, with a small model in the
	// runtime's format. A *NotHereError says why it cannot be made on this machine.
	Look func(ctx context.Context, e Engine, model string) ([]Reading, error) `json:"-"`
}

// Tester is a runtime with experiments of its own.
type Tester interface {
	// Trials are the same on every machine.
	Trials() []Trial
}

// Reading is one thing that an experiment looked at, beside what was expected of it.
type Reading struct {
	What     string `json:"what"`
	Expected string `json:"expected"`
	Seen     string `json:"seen"`
	Held     bool   `json:"held"`
}

// Equals is a reading that can be one thing only.
func Equals(what string, expected, seen any) Reading {
	want, saw := fmt.Sprint(expected), fmt.Sprint(seen)
	return Reading{What: what, Expected: want, Seen: saw, Held: want == saw}
}

// Holds is a reading that is right or wrong.
func Holds(what string, ok bool, expected, seen string) Reading {
	return Reading{What: what, Expected: expected, Seen: seen, Held: ok}
}

// Between is a number that must lie between two others, both included; one that is
// infinite is no bound. What is no number lies nowhere.
func Between(what string, seen, least, most float64) Reading {
	r := Reading{What: what, Seen: number(seen), Held: seen >= least && seen <= most}
	switch {
	case math.IsInf(most, 1):
		r.Expected = "at least " + number(least)
	case math.IsInf(least, -1):
		r.Expected = "at most " + number(most)
	default:
		r.Expected = number(least) + " to " + number(most)
	}
	return r
}

// AtMost and AtLeast are numbers with one bound.
func AtMost(what string, seen, most float64) Reading {
	return Between(what, seen, math.Inf(-1), most)
}

func AtLeast(what string, seen, least float64) Reading {
	return Between(what, seen, least, math.Inf(1))
}

func number(v float64) string { return fmt.Sprintf("%.4g", v) }

// NotHereError says why an experiment cannot be made on this machine: no fault of it.
type NotHereError struct{ Why string }

func (e *NotHereError) Error() string { return "not here: " + e.Why }

// NotHere is an experiment that cannot be made, for a reason.
func NotHere(format string, args ...any) error {
	return &NotHereError{Why: fmt.Sprintf(format, args...)}
}

// WhyNotHere is the reason of an error that is a NotHereError.
func WhyNotHere(err error) (string, bool) {
	var none *NotHereError
	if !errors.As(err, &none) {
		return "", false
	}
	return none.Why, true
}
