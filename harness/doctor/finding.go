package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"assay/harness/runtime"
	"assay/harness/worker"
)

// Verdict is what became of one assumption.
type Verdict string

// An assumption held, did not, or could not be tried on this machine.
const (
	Held    Verdict = "held"
	Broken  Verdict = "did not hold"
	NotHere Verdict = "not here"
)

// Finding is one assumption, tried.
type Finding struct {
	// Part is what the assumption is about: a runtime, or the machine.
	Part    string  `json:"part"`
	Name    string  `json:"name"`
	Assumed string  `json:"assumed"`
	Source  string  `json:"source,omitempty"`
	Verdict Verdict `json:"verdict"`
	// Why says in one sentence why it did not hold, or is not here.
	Why      string            `json:"why,omitempty"`
	Readings []runtime.Reading `json:"readings,omitempty"`
	// Log are the library's last lines, where its process ended.
	Log     []string `json:"log,omitempty"`
	Seconds float64  `json:"seconds"`
}

// machinePart is the part of findings about the machine itself.
const machinePart = "machine"

// experiment is an assumption and how it is tried.
type experiment struct {
	part, name, assumed, source string
	look                        func(context.Context) ([]runtime.Reading, error)
}

// try makes the experiment and judges what was read.
func (e experiment) try(ctx context.Context) Finding {
	began := time.Now()
	f := Finding{Part: e.part, Name: e.name, Assumed: e.assumed, Source: e.source}
	readings, err := e.look(ctx)
	f.judge(readings, err)
	f.Seconds = time.Since(began).Seconds()
	return f
}

// judge says what the readings, or the error in their place, come to.
func (f *Finding) judge(readings []runtime.Reading, err error) {
	f.Readings = readings
	var ended *worker.Error
	if errors.As(err, &ended) {
		f.Log = ended.Log
	}
	why, none := runtime.WhyNotHere(err)
	switch {
	case none:
		f.Verdict, f.Why = NotHere, why
	case err != nil:
		f.Verdict, f.Why = Broken, err.Error()
	case len(readings) == 0:
		f.Verdict, f.Why = Broken, "nothing was read"
	default:
		f.Verdict = Held
	}
	var wrong []string
	for _, r := range readings {
		if !r.Held {
			wrong = append(wrong, fmt.Sprintf("%s: expected %s, seen %s", r.What, r.Expected, r.Seen))
		}
	}
	if err == nil && wrong != nil {
		f.Verdict, f.Why = Broken, strings.Join(wrong, "; ")
	}
}
