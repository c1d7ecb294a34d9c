package model

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/suite"
	"assay/predict/arch"
	"assay/predict/source"
)

// Synth writes a skeleton of the model at path, in the runtime's own format,
// and returns its facts. What is there already is kept unless overwrite is set.
func Synth(ctx context.Context, name, ref, kind, weightType, path string, overwrite bool) (arch.Facts, error) {
	if kind != runtime.SkeletonKV && kind != runtime.SkeletonFull && kind != runtime.SkeletonSparse {
		return arch.Facts{}, failure.Input(fmt.Errorf("skeleton %q: kv, full or sparse", kind))
	}
	f, err := source.Load(ctx, ref, source.Options{})
	if err != nil {
		return arch.Facts{}, failure.Input(err)
	}
	rt, err := runtimes.Named(name)
	if err != nil {
		return arch.Facts{}, err
	}
	if err := suite.CheckWeights(rt, kind, weightType); err != nil {
		return arch.Facts{}, err
	}
	if f, err = rt.SkeletonFacts(f, kind); err != nil {
		return arch.Facts{}, failure.Input(err)
	}
	if _, err := os.Stat(path); err == nil && !overwrite {
		return arch.Facts{}, failure.Input(fmt.Errorf("%s is there already; --force writes over it", path))
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return arch.Facts{}, err
	}
	return f, rt.SynthAt(ctx, path, f, kind, weightType)
}
