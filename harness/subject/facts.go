package subject

import (
	"context"

	"assay/harness/failure"
	"assay/predict/arch"
	"assay/predict/source"
)

// Facts reads a model's facts, whatever is to run it.
func Facts(ctx context.Context, ref string) (arch.Facts, error) {
	f, err := source.Load(ctx, ref, source.Options{})
	if err != nil {
		return f, failure.Input(err)
	}
	return f, nil
}
