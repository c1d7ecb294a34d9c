// Package worker runs one case in a process of its own, since a native library may
// abort, hang, or be killed for memory: the protocol, the worker's side, and the
// side that starts it and watches. It does not know suites, stores, predictions.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	goruntime "runtime"
	"time"

	"assay/harness/machine"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/native/dylib"
	"assay/results"
)

// Task is what a worker is asked to do.
type Task string

const (
	Describe Task = "describe"
	Plan     Task = "plan"
	Measure  Task = "measure"
	// Try makes one of a runtime's own experiments.
	Try Task = "try"
)

// Request is the one JSON value that a worker reads.
type Request struct {
	Task    Task         `json:"task"`
	Runtime string       `json:"runtime"`
	Path    string       `json:"path,omitempty"`
	Case    results.Case `json:"case"`
	// Observe asks for the untimed pass, Samples for that many timed ones.
	Observe bool `json:"observe,omitempty"`
	Samples int  `json:"samples,omitempty"`
	// Trial is the experiment's name.
	Trial string `json:"trial,omitempty"`
}

// Message is one JSON line of a worker: a sign of life, a sample, or the end.
type Message struct {
	Phase    string   `json:"phase,omitempty"`
	PID      int      `json:"pid,omitempty"`
	SampleNS int64    `json:"sample_ns,omitempty"`
	Outcome  *Outcome `json:"outcome,omitempty"`
	Error    string   `json:"error,omitempty"`
	// NoRuntime: the error is that no usable library was found.
	NoRuntime bool `json:"no_runtime,omitempty"`
	// Missing are the symbols that the library lacks.
	Missing []string `json:"missing,omitempty"`
}

// Outcome is what one worker brought back.
type Outcome struct {
	Runtime  results.Runtime   `json:"runtime"`
	Devices  []string          `json:"devices,omitempty"`
	Measured *results.Measured `json:"measured,omitempty"`
	Checks   []results.Check   `json:"checks,omitempty"`
	// Readings are what an experiment saw, and NotHere why it could not be made.
	Readings []runtime.Reading `json:"readings,omitempty"`
	NotHere  string            `json:"not_here,omitempty"`
}

// Work is the worker's side: it reads one request from in, does it and writes
// messages to out. The error, if any, has been written to out as well. When in
// is closed, which means that the parent is gone, the process ends: a worker
// never outlives the run that asked for it.
//
// All calls of a library come from the one system thread that this locks: a
// goroutine that wanders between threads arrives on the core of one of the
// library's own threads, which the others then wait for at their barriers. All other
// threads of the process run only where a core is free.
func Work(ctx context.Context, in io.Reader, out io.Writer) error {
	goruntime.LockOSThread()
	defer goruntime.UnlockOSThread()
	_ = machine.Quieten() // where it is refused, samples are noisier, as they show
	enc := json.NewEncoder(out)
	var req Request
	if err := json.NewDecoder(in).Decode(&req); err != nil {
		err = fmt.Errorf("worker: unreadable request: %w", err)
		_ = enc.Encode(Message{Error: err.Error()})
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		os.Exit(1)
	}()
	send := func(m Message) { _ = enc.Encode(m) } // a parent that is gone cannot be told
	outcome, err := work(ctx, req, send)
	if err != nil {
		failed := Message{Error: err.Error(), NoRuntime: errors.Is(err, dylib.ErrUnusable)}
		if missing := (*dylib.MissingError)(nil); errors.As(err, &missing) {
			failed.Missing = missing.Symbols
		}
		send(failed)
		return err
	}
	send(Message{Outcome: outcome})
	return nil
}

func work(ctx context.Context, req Request, send func(Message)) (*Outcome, error) {
	rt, err := runtimes.Named(req.Runtime)
	if err != nil {
		return nil, err
	}
	send(Message{Phase: "opening " + rt.Name(), PID: os.Getpid()})
	engine, err := rt.Open()
	if err != nil {
		return nil, err
	}
	outcome := &Outcome{Runtime: engine.Describe(), Devices: engine.Devices()}
	switch req.Task {
	case Describe:
		return outcome, nil
	case Plan:
		send(Message{Phase: "planning"})
		outcome.Measured, err = engine.Plan(ctx, req.Path, req.Case)
		return outcome, err
	case Measure:
		return outcome, measure(ctx, engine, req, outcome, send)
	case Try:
		return outcome, try(ctx, engine, req, outcome)
	default:
		return nil, fmt.Errorf("worker: unknown task %q", req.Task)
	}
}

// try makes the experiment of that name.
func try(ctx context.Context, engine runtime.Engine, req Request, outcome *Outcome) error {
	rt, err := runtimes.Named(req.Runtime)
	if err != nil {
		return err
	}
	tester, ok := rt.(runtime.Tester)
	if !ok {
		return fmt.Errorf("worker: %s has no experiments", rt.Name())
	}
	for _, trial := range tester.Trials() {
		if trial.Name != req.Trial {
			continue
		}
		outcome.Readings, err = trial.Look(ctx, engine, req.Path)
		if why, none := runtime.WhyNotHere(err); none {
			outcome.NotHere, err = why, nil
		}
		return err
	}
	return fmt.Errorf("worker: %s has no experiment %q", rt.Name(), req.Trial)
}

func measure(ctx context.Context, engine runtime.Engine, req Request, outcome *Outcome, send func(Message)) (err error) {
	send(Message{Phase: "loading"})
	session, err := engine.Load(ctx, req.Path, req.Case)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	outcome.Measured = &results.Measured{}
	if req.Observe {
		send(Message{Phase: "observing"})
		if outcome.Measured, outcome.Checks, err = session.Observe(ctx, req.Case); err != nil {
			return err
		}
	}
	if req.Samples == 0 {
		return nil
	}
	send(Message{Phase: "timing"})
	timed, err := session.Time(ctx, req.Case, req.Samples, func(d time.Duration) {
		outcome.Measured.SamplesNS = append(outcome.Measured.SamplesNS, d.Nanoseconds())
		send(Message{SampleNS: d.Nanoseconds()})
	})
	if err != nil {
		return err
	}
	if timed != nil {
		outcome.Measured.HostNSPerToken, outcome.Measured.Dropped = timed.HostNSPerToken, timed.Dropped
		if timed.Output != nil {
			outcome.Measured.Output = timed.Output
		}
		if outcome.Measured.Memory == nil {
			outcome.Measured.Memory = timed.Memory
		}
	}
	return nil
}
