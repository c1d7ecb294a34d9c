package harness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"assay/predict/arch"
	"assay/predict/source"
)

// Synth writes a skeleton of the model at path, in the runtime's own format,
// and returns its facts. What is there already is kept unless overwrite is set.
func Synth(ctx context.Context, runtime, ref, kind, weightType, path string, overwrite bool) (arch.Facts, error) {
	if kind != SkeletonKV && kind != SkeletonFull && kind != SkeletonSparse {
		return arch.Facts{}, inputError{fmt.Errorf("skeleton %q: kv, full or sparse", kind)}
	}
	f, err := source.Load(ctx, ref, source.Options{})
	if err != nil {
		return arch.Facts{}, inputError{err}
	}
	rt, err := RuntimeNamed(runtime)
	if err != nil {
		return arch.Facts{}, err
	}
	if err := checkWeights(rt, kind, weightType); err != nil {
		return arch.Facts{}, err
	}
	if f, err = rt.SkeletonFacts(f, kind); err != nil {
		return arch.Facts{}, inputError{err}
	}
	if _, err := os.Stat(path); err == nil && !overwrite {
		return arch.Facts{}, inputError{fmt.Errorf("%s is there already; --force writes over it", path)}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return arch.Facts{}, err
	}
	return f, rt.SynthAt(ctx, path, f, kind, weightType)
}
