package worker

import (
	"context"
	"errors"
	"time"

	"assay/results"
)

// Probed is what a worker that only opened the library found.
type Probed struct {
	Name    string          `json:"name"`
	Runtime results.Runtime `json:"runtime"`
	Devices []string        `json:"devices,omitempty"`
	// Err says why the runtime cannot be used, and Why says it in words.
	Err error  `json:"-"`
	Why string `json:"why_not,omitempty"`
	// Missing are the symbols that the library lacks.
	Missing []string `json:"missing_symbols,omitempty"`
}

// probeTimeout bounds what opening a library may take.
const probeTimeout = time.Minute

// Probe opens each named runtime's library in a worker of its own, since
// opening alone can end a process.
func Probe(ctx context.Context, w Spawner, names []string) ([]Probed, error) {
	w.Timeout = probeTimeout
	out := make([]Probed, 0, len(names))
	for _, name := range names {
		p := Probed{Name: name}
		found, err := w.Run(ctx, Request{Task: Describe, Runtime: name}, func(Message) {})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			p.Err, p.Why = err, err.Error()
			if failed := (*Error)(nil); errors.As(err, &failed) {
				p.Missing = failed.Missing
			}
		} else {
			p.Runtime, p.Devices = found.Runtime, found.Devices
		}
		out = append(out, p)
	}
	return out, nil
}
