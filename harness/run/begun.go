package run

import (
	"path/filepath"
	"slices"
	"strings"

	"assay/harness/failure"
	"assay/harness/home"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/suite"
	"assay/results"
	"assay/results/form"
	"fmt"
)

// begun are the options that a resume goes on with.
func (o Options) begun() begun {
	b := begun{Runtimes: o.Runtimes, Rules: o.Rules, Out: o.Out, NoStore: o.NoStore, Force: o.Force}
	if o.Out != "" && o.Out != "-" {
		if abs, err := filepath.Abs(o.Out); err == nil {
			b.Out = abs
		}
	}
	switch {
	case o.Store == "":
	case strings.ContainsAny(o.Store, ":=@"): // an address, which may hold a password
		b.Server = true
	default:
		if abs, err := filepath.Abs(o.Store); err == nil {
			b.Store = abs
		}
	}
	return b
}

// Continue returns the options with which a run was begun in place of those that are
// not given, and its id: the newest interrupted run's if runID is empty.
func Continue(opt Options, runID string) (Options, string, error) {
	dirs, err := home.Find()
	if err != nil {
		return opt, "", err
	}
	if runID == "" {
		if runID, err = newestUnfinished(dirs.Runs(), opt.Purpose); err != nil {
			return opt, "", err
		}
	}
	j, _, err := lookInto(journalPath(dirs.Runs(), filepath.Base(runID)))
	if err != nil {
		return opt, runID, nil // Resume says what is wrong
	}
	b := j.plan.Begun
	if b.Server && opt.Store == "" {
		return opt, "", failure.Input(fmt.Errorf("run %s was stored on a server, whose address is not kept; give --store again", runID))
	}
	if opt.Store == "" {
		opt.Store = b.Store
	}
	if opt.Out == "" {
		opt.Out = b.Out
	}
	if len(opt.Runtimes) == 0 {
		opt.Runtimes = b.Runtimes
	}
	if len(opt.Rules) == 0 {
		opt.Rules = b.Rules
	}
	opt.NoStore, opt.Force = opt.NoStore || b.NoStore, opt.Force || b.Force
	return opt.For(j.plan.Suite), runID, nil
}

// For are the options with what every case of the suite chooses: with it a runtime is
// looked for whose usual device cannot be reached here.
func (o Options) For(s suite.Suite) Options {
	for _, g := range s.Groups {
		if !slices.Equal(g.Settings["devices"], []any{form.NoDevices}) {
			return o
		}
	}
	for _, rt := range runtimes.All() {
		chooser, ok := rt.(runtime.Chooser)
		if !ok {
			continue
		}
		if variable, err := chooser.Choice(results.Case{Devices: form.NoDevices}); err == nil && variable != "" {
			o.Env = append(slices.Clone(o.Env), variable)
		}
	}
	return o
}
