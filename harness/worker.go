package harness

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"assay/native/dylib"
	"assay/results"
)

// task is what a worker is asked to do.
type task string

const (
	taskDescribe task = "describe"
	taskPlan     task = "plan"
	taskMeasure  task = "measure"
)

// request is the one JSON value that a worker reads.
type request struct {
	Task    task         `json:"task"`
	Runtime string       `json:"runtime"`
	Path    string       `json:"path,omitempty"`
	Case    results.Case `json:"case"`
	// Observe asks for the untimed pass, Samples for that many timed ones.
	Observe bool `json:"observe,omitempty"`
	Samples int  `json:"samples,omitempty"`
}

// message is one JSON line of a worker: a sign of life, a sample, or the end.
type message struct {
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
}

// Work is the worker's side: it reads one request from in, does it and writes
// messages to out. The error, if any, has been written to out as well. When in
// is closed, which means that the parent is gone, the process ends: a worker
// never outlives the run that asked for it.
//
// All calls of a library come from the one system thread that this locks: a
// goroutine that wanders between threads arrives on the core of one of the
// library's own threads, which the others then wait for at their barriers.
func Work(ctx context.Context, in io.Reader, out io.Writer) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	enc := json.NewEncoder(out)
	var req request
	if err := json.NewDecoder(in).Decode(&req); err != nil {
		err = fmt.Errorf("worker: unreadable request: %w", err)
		_ = enc.Encode(message{Error: err.Error()})
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		os.Exit(1)
	}()
	send := func(m message) { _ = enc.Encode(m) } // a parent that is gone cannot be told
	outcome, err := work(ctx, req, send)
	if err != nil {
		failed := message{Error: err.Error(), NoRuntime: errors.Is(err, dylib.ErrUnusable)}
		if missing := (*dylib.MissingError)(nil); errors.As(err, &missing) {
			failed.Missing = missing.Symbols
		}
		send(failed)
		return err
	}
	send(message{Outcome: outcome})
	return nil
}

func work(ctx context.Context, req request, send func(message)) (*Outcome, error) {
	rt, err := RuntimeNamed(req.Runtime)
	if err != nil {
		return nil, err
	}
	send(message{Phase: "opening " + rt.Name(), PID: os.Getpid()})
	engine, err := rt.Open()
	if err != nil {
		return nil, err
	}
	outcome := &Outcome{Runtime: engine.Describe(), Devices: engine.Devices()}
	switch req.Task {
	case taskDescribe:
		return outcome, nil
	case taskPlan:
		send(message{Phase: "planning"})
		outcome.Measured, err = engine.Plan(ctx, req.Path, req.Case)
		return outcome, err
	case taskMeasure:
		return outcome, measure(ctx, engine, req, outcome, send)
	default:
		return nil, fmt.Errorf("worker: unknown task %q", req.Task)
	}
}

func measure(ctx context.Context, engine Engine, req request, outcome *Outcome, send func(message)) (err error) {
	send(message{Phase: "loading"})
	session, err := engine.Load(ctx, req.Path, req.Case)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	outcome.Measured = &results.Measured{}
	if req.Observe {
		send(message{Phase: "observing"})
		if outcome.Measured, outcome.Checks, err = session.Observe(ctx, req.Case); err != nil {
			return err
		}
	}
	if req.Samples == 0 {
		return nil
	}
	send(message{Phase: "timing"})
	timed, err := session.Time(ctx, req.Case, req.Samples, func(d time.Duration) {
		outcome.Measured.SamplesNS = append(outcome.Measured.SamplesNS, d.Nanoseconds())
		send(message{SampleNS: d.Nanoseconds()})
	})
	if err != nil {
		return err
	}
	if timed != nil {
		outcome.Measured.HostNSPerToken = timed.HostNSPerToken
		if outcome.Measured.Memory == nil {
			outcome.Measured.Memory = timed.Memory
		}
	}
	return nil
}
