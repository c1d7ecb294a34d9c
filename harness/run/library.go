package run

import (
	"context"
	"fmt"
	"slices"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/worker"
	"assay/results"
)

// library is what an item runs in.
type library struct {
	env     []string
	runtime results.Runtime
}

// release names a runtime's release that a case asked for.
type release struct{ runtime, name string }

// open looks what the release is; env and command are those of workers.
func (key release) open(ctx context.Context, command, env []string) (library, error) {
	rt, err := runtimes.Named(key.runtime)
	if err != nil {
		return library{}, err
	}
	released, ok := rt.(runtime.Released)
	if !ok {
		return library{}, failure.Input(fmt.Errorf("%s has no releases to choose from", key.runtime))
	}
	variable, err := released.Release(key.name)
	if err != nil {
		return library{}, err
	}
	lib := library{env: append(slices.Clone(env), variable)}
	probed, err := worker.Probe(ctx, worker.Spawner{Command: command, Env: lib.env}, []string{key.runtime})
	if err != nil {
		return library{}, err
	}
	if probed[0].Err != nil {
		return library{}, failure.NoRuntime(fmt.Errorf("release %s: %w", key.name, probed[0].Err))
	}
	lib.runtime = probed[0].Runtime
	return lib, nil
}
