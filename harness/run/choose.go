package run

import (
	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/harness/worker"
	"assay/results"
	"assay/results/form"
	"context"
	"fmt"
	"slices"
	"strings"
)

// variable is the one by which workers take what the item's case names; "" where they
// find it by themselves.
func (r *Runner) variable(it subject.Item) (string, error) {
	rt, err := runtimes.Named(it.Runtime)
	if err != nil {
		return "", err
	}
	chooser, ok := rt.(runtime.Chooser)
	if !ok {
		return "", nil
	}
	variable, err := chooser.Choice(it.Case)
	if err != nil || slices.Contains(r.Env, variable) {
		return "", err
	}
	return variable, nil
}

// open looks what workers find with the variable.
func (r *Runner) open(ctx context.Context, runtime, variable string) (library, error) {
	lib := library{env: append(slices.Clone(r.Env), variable)}
	probed, err := worker.Probe(ctx, worker.Spawner{Command: r.Worker, Env: lib.env}, []string{runtime})
	if err != nil {
		return library{}, err
	}
	if probed[0].Err != nil {
		return library{}, failure.NoRuntime(fmt.Errorf("%s with %s: %w", runtime, variable, probed[0].Err))
	}
	lib.runtime = probed[0].Runtime
	return lib, nil
}

// library is that of the item's choice, or the one that was found.
func (r *Runner) library(it subject.Item) library {
	if lib, ok := r.chosen[choiceOf(it)]; ok {
		return lib
	}
	return library{env: r.Env, runtime: r.Available[it.Runtime]}
}

// openChosen finds every release and device that items ask for and looks once what it
// is, before anything is measured.
func (r *Runner) openChosen(ctx context.Context, items []subject.Item) error {
	if r.chosen == nil {
		r.chosen = map[choice]library{}
	}
	for _, it := range items {
		key := choiceOf(it)
		if _, known := r.chosen[key]; known {
			continue
		}
		variable, err := r.variable(it)
		if err != nil {
			return err
		}
		if r.chosen[key] = r.library(it); variable == "" {
			continue
		}
		if r.chosen[key], err = r.open(ctx, key.runtime, variable); err != nil {
			return err
		}
	}
	for _, it := range items {
		if err := hasDevices(r.library(it).runtime, it.Case); err != nil {
			return err
		}
	}
	return nil
}

// hasDevices refuses a case that takes devices which the library has not; one that says
// nothing of its devices is asked when it runs.
func hasDevices(lib results.Runtime, c results.Case) error {
	names, _ := form.DeviceNames(c.Devices)
	var has []string
	for _, d := range lib.Devices {
		has = append(has, d.Name)
	}
	for _, name := range names {
		if len(has) > 0 && !slices.Contains(has, name) {
			return failure.Input(fmt.Errorf("-dev %s: %s has no device of that name; it has %s", name, lib.Name, strings.Join(has, ", ")))
		}
	}
	return nil
}
