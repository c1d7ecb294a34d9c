package libs

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"
)

// ours are the two files of our own that a libmlxc is built with.
//
//go:embed source
var ours embed.FS

// compileMLX compiles mlx-c's sources in parts, against libmlx's headers there
// and mlx-c's own in keep, and links libmlxc into keep, where the libraries are
// that it needs.
func compileMLX(ctx context.Context, compiler, parts, keep string) error {
	if err := os.CopyFS(parts, ours); err != nil {
		return err
	}
	sources, err := filepath.Glob(filepath.Join(parts, "sources", "mlx", "c", "*.cpp"))
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		return errors.New("the crate holds no sources of mlx-c")
	}
	source := filepath.Join(parts, "source")
	sources = append(sources, filepath.Join(source, "blas.cpp"))
	group, compiling := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for _, file := range sources {
		group.Go(func() error {
			return compiled(compiling, compiler, "-std=c++20", "-O2", "-fPIC", "-DNDEBUG", "-include", filepath.Join(source, "format.h"),
				"-I"+filepath.Join(parts, "sources"), "-I"+filepath.Join(keep, "include"), "-I"+filepath.Join(parts, "include"), "-c", file,
				"-o", file+".o")
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	// A DT_RPATH, and not the newer DT_RUNPATH, is inherited by libmlx, whose own
	// names the folders of its package.
	args := []string{"-shared", "-s", "-o", filepath.Join(keep, "libmlxc.so"), "-L" + keep, "-Wl,--disable-new-dtags,-rpath,$ORIGIN",
		"-Wl,-rpath-link," + keep, "-Wl,--no-undefined"}
	for _, file := range sources {
		args = append(args, file+".o")
	}
	return compiled(ctx, compiler, append(args, "-lmlx", "-lscipy_openblas")...)
}

// compiled runs the compiler; the error is the first that it reports.
func compiled(ctx context.Context, compiler string, args ...string) error {
	said, err := runQuietly(command(ctx, "", append([]string{compiler}, args...)...))
	if err == nil {
		return nil
	}
	for line := range strings.Lines(said) {
		if strings.Contains(line, "error: ") || strings.Contains(line, "undefined reference") {
			return fmt.Errorf("%s: %s", filepath.Base(compiler), strings.TrimSpace(line))
		}
	}
	return fmt.Errorf("%s: %w", filepath.Base(compiler), reason(said, "error: ", err))
}
