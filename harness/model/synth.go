package model

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/subject"
	"assay/predict/arch"
)

// Synth writes a skeleton of the model at path, in the runtime's own format,
// and returns its facts. What is there already is kept unless overwrite is set.
func Synth(ctx context.Context, a subject.Ask, path string, overwrite bool) (arch.Facts, error) {
	kind := a.Skeleton
	if kind != runtime.SkeletonKV && kind != runtime.SkeletonFull && kind != runtime.SkeletonSparse {
		return arch.Facts{}, failure.Input(fmt.Errorf("skeleton %q: kv, full or sparse", kind))
	}
	s, err := subject.Of(ctx, a)
	if err != nil {
		return arch.Facts{}, err
	}
	f, err := s.Runtime.SkeletonFacts(s.Facts, kind)
	if err != nil {
		return arch.Facts{}, failure.Input(err)
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir() && !hasConfig(path):
		return arch.Facts{}, failure.Input(fmt.Errorf("%s is a folder that holds no model; name what is to be written", path))
	case err == nil && !overwrite:
		return arch.Facts{}, failure.Input(fmt.Errorf("%s is there already; --force writes over it", path))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return arch.Facts{}, err
	}
	return f, s.Runtime.SynthAt(ctx, path, f, kind, s.WeightType)
}

// hasConfig says that a folder is a model's, such as a skeleton that was written before.
func hasConfig(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "config.json"))
	return err == nil
}
