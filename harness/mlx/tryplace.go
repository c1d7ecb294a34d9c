package mlx

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"assay/harness/machine"
	"assay/harness/runtime"
	"assay/native/mlx"
)

// tryLoaded looks at the files that the process has loaded, and at how fast they
// multiply: a BLAS of the reference kind, or a build without an M5's kernels, does not
// fail, it is slow.
func tryLoaded(ctx context.Context, e runtime.Engine, _ string) ([]runtime.Reading, error) {
	lib, err := libraryOf(e)
	if err != nil {
		return nil, err
	}
	files := runtime.LoadedFiles(lib.KernelFile())
	var names []string
	for _, f := range files {
		if f.SHA256 != "" {
			names = append(names, filepath.Base(f.Path))
		}
	}
	has := func(part string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, part) })
	}
	out := []runtime.Reading{runtime.Holds("hashed", has("libmlxc"), "libmlxc among the loaded files", strings.Join(names, " "))}
	if lib.Device == "gpu" {
		out = append(out, runtime.Holds("kernels", lib.KernelFile() != "", "an mlx.metallib", filepath.Base(lib.KernelFile())))
	}
	ratio, err := productOver(ctx, lib)
	if err != nil {
		return nil, err
	}
	return append(out, runtime.AtLeast("float32 product, times portable Go", ratio, fastProduct)), nil
}

// fastProduct is how often a runtime's product must be faster than portable Go's, which
// no vectors of the processor serve: OpenBLAS is 5 to 20 times as fast, the reference
// BLAS half as fast.
const fastProduct = 2

func productOver(ctx context.Context, lib *mlx.Library) (float64, error) {
	portable, err := machine.ProductRate(ctx)
	if err != nil {
		return 0, err
	}
	var rate float64
	err = lib.Do(func(s *mlx.Scope) (err error) {
		const side = 1024
		a, b := drawn(1, side, side).in(s), drawn(2, side, side).in(s)
		s.Eval(a, b)
		rate, err = machine.BestRate(ctx, 2*side*side*side, func() {
			inner := s.Nested()
			inner.Eval(inner.Matmul(a, b))
			inner.Close()
		})
		return err
	})
	return rate / portable, err
}

func trySurroundings(_ context.Context, e runtime.Engine, _ string) ([]runtime.Reading, error) {
	lib, err := libraryOf(e)
	if err != nil {
		return nil, err
	}
	out := []runtime.Reading{runtime.Equals("variables that MLX obeys", "none", variables(obeyed.Variables()))}
	if lib.Device != "gpu" {
		return out, nil
	}
	known := "none"
	if wrong := wrongIn(lib.Version); len(wrong) > 0 {
		known = strings.Join(wrong, "; ")
	}
	out = append(out, runtime.Equals("known faults of "+lib.Version, "none", known))
	err = lib.Do(func(s *mlx.Scope) error {
		most := s.DeviceInfo().WorkingSet
		former := s.SetWiredLimit(most)
		set := s.SetWiredLimit(former)
		out = append(out, runtime.Equals("wired limit, read back", most, set))
		return nil
	})
	return out, err
}

// variables are in words; none is "none".
func variables(set map[string]string) string {
	var words []string
	for name, value := range set {
		words = append(words, name+"="+value)
	}
	if slices.Sort(words); len(words) == 0 {
		return "none"
	}
	return strings.Join(words, " ")
}
