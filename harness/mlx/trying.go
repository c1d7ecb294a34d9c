package mlx

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/harness/runtime"
	"assay/native/mlx"
)

// on makes an experiment on the library's thread.
func on(look func(context.Context, *mlx.Library, *mlx.Scope) ([]runtime.Reading, error)) func(context.Context, runtime.Engine, string) ([]runtime.Reading, error) {
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

// older compares versions such as 0.31.2 number by number.
func older(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		if x, y := numberAt(as, i), numberAt(bs, i); x != y {
			return x < y
		}
	}
	return false
}

func numberAt(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.Atoi(parts[i]) // a suffix such as "1rc1" counts as 0
	return n
}

func has(list []int, v int) bool { return slices.Contains(list, v) }
