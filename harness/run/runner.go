// Package run executes a suite on this machine: in rounds, with a worker for each
// case, a journal from which an interrupted run goes on, a canary between the timed
// cases, and the outputs that records go to. It does not know what is printed.
package run

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"assay/harness/failure"
	"assay/harness/home"
	"assay/harness/subject"
	"assay/harness/suite"
	"assay/predict/roofline"
	"assay/results"
)

// Runner executes a suite on this machine.
type Runner struct {
	Home home.Home
	// Worker is the command that starts a worker; see worker.Self.
	Worker []string
	// Env are variables that workers get beside this program's own.
	Env []string
	// Host reads the machine and its state; it is asked before each worker.
	Host func(context.Context) results.Host
	// Available are the runtimes that were found, by name.
	Available map[string]results.Runtime
	// Rules names rule sets that are judged against what was measured.
	Rules []string
	// Fits predict the duration of timed cases, the newest that knows the
	// machine and the runtime.
	Fits []roofline.Fit
	// Force runs models that would not fit in memory.
	Force bool
	// Purpose says who began the run; see Interrupted.
	Purpose string
	// Canary is timed before, between and after the timed cases; nil for none.
	Canary *Canary
	// Planned is told once what will be run, before anything is; it may be nil.
	Planned func(Planned)
	// Progress is told of each step; it may be nil.
	Progress func(Progress)
	// Partial is given, when the run is interrupted, the records of cases that were
	// measured in part; they are stored nowhere. It may be nil.
	Partial func(results.Record)
	// Record is called with each record as soon as it is complete. An error
	// ends the run; what was done so far can be resumed.
	Record func(context.Context, results.Record) error

	chosen map[choice]library
}

// Run executes the items of a suite as the run of that id.
func (r *Runner) Run(ctx context.Context, runID string, started time.Time, s suite.Suite, items []subject.Item) error {
	j, err := r.begin(plan{RunID: runID, Started: started, Purpose: r.Purpose, Suite: s, Items: items})
	if err != nil {
		return err
	}
	return r.finish(ctx, j, func() error { return nil })
}

// begin writes the plan of a new run.
func (r *Runner) begin(p plan) (*journal, error) {
	if len(p.Items) == 0 {
		return nil, failure.Input(errors.New("the suite has no case for the runtimes that were found"))
	}
	if err := apart(p.Items); err != nil {
		return nil, err
	}
	return createJournal(r.Home.Runs(), p)
}

// apart refuses items that nothing in their results would tell apart.
func apart(items []subject.Item) error {
	seen := map[results.Key]subject.Item{}
	for _, it := range items {
		key := results.Record{Runtime: results.Runtime{Name: it.Runtime}, Model: subject.ModelOf(it), Case: it.Case}.Key()
		if other, taken := seen[key]; taken && other.Ref != it.Ref {
			return failure.Input(fmt.Errorf("%q and %q are both called %q, and their results could not be told apart; run one of them, or rename "+
				"it (general.name)",
				other.Ref, it.Ref, it.Facts.Name))
		}
		seen[key] = it
	}
	return nil
}

// newRunID begins with the time, so that ids sort as runs were started.
func newRunID(now time.Time) string {
	var salt [3]byte
	_, _ = rand.Read(salt[:]) // never fails, by its documentation
	return now.Format("20060102-150405") + "-" + hex.EncodeToString(salt[:])
}
