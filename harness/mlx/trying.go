package mlx

import (
	"context"
	"fmt"

	"assay/harness/runtime"
	"assay/native/mlx"
)

// on makes an experiment on the library's thread.
func on(look func(context.Context, *mlx.Library, *mlx.Scope) ([]runtime.Reading, error)) func(context.Context, runtime.Engine,
	string) ([]runtime.Reading, error) {
	return func(ctx context.Context, e runtime.Engine, _ string) (out []runtime.Reading, err error) {
		lib, err := libraryOf(e)
		if err != nil {
			return nil, err
		}
		err = lib.Do(func(s *mlx.Scope) (err error) {
			out, err = look(ctx, lib, s)
			return err
		})
		return out, err
	}
}

func libraryOf(e runtime.Engine) (*mlx.Library, error) {
	mine, ok := e.(*engine)
	if !ok {
		return nil, fmt.Errorf("an experiment on MLX was given a %T", e)
	}
	return mine.lib, nil
}
