package libs_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/libs"
	"assay/native/dylib"
)

var mlxSpec = dylib.Spec{Product: "mlx", Stem: "mlxc", Env: "ASSAY_MLX_LIB", Formulae: []string{"mlx-c"}}

// zipped is a wheel with those files.
func zipped(t *testing.T, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := zip.NewWriter(&b)
	for _, name := range names {
		_, err := zw.Create(name)
		require.NoError(t, err)
	}
	require.NoError(t, zw.Close())
	return b.Bytes()
}

// parts are the packages that a build gets, and the tools that hand them out;
// the real ones cannot be made to fail on demand.
type parts struct {
	wheel, crate []byte
	// compiler is g++'s script, packages whether pip and cargo are there.
	compiler string
	packages bool
	// pip is its script where it is not the one that hands the wheel out.
	pip string
}

// goodParts build: a compiler that only makes what it is asked for.
func goodParts(t *testing.T) parts {
	return parts{
		wheel: zipped(t, "mlx/lib/libmlx.so", "mlx/include/mlx/mlx.h", "mlx_cpu.libs/libblas-1.so.3.10.0",
			"mlx_cpu-1.dist-info/licenses/LICENSE", "mlx/share/not-wanted", "../libevil.so"),
		crate: archive(t, "mlx-sys-1/src/mlx-c/mlx/c/array.cpp", "", "mlx-sys-1/src/mlx-c/mlx/c/array.h", "",
			"mlx-sys-1/src/mlx-c/mlx/c/private/io.h", "", "mlx-sys-1/src/mlx-c/LICENSE", "", "mlx-sys-1/build.rs", ""),
		compiler: `while [ $# -gt 0 ]; do [ "$1" != -o ] || : >"$2"; shift; done`,
		packages: true,
	}
}

// release puts the tools on PATH and returns the release that they hold.
func (p parts) release(t *testing.T) libs.MLXRelease {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, content []byte, mode os.FileMode) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, mode))
	}
	write("wheel", p.wheel, 0o644)
	write("crate", p.crate, 0o644)
	cache := filepath.Join(dir, "home", "registry", "cache", "index")
	if p.packages {
		pip := cmp.Or(p.pip, "while [ $1 != --dest ]; do shift; done; cp "+dir+"/wheel $2/a.whl")
		write("pip3", []byte("#!/bin/sh\n"+pip), 0o755)
		write("cargo", []byte("#!/bin/sh\nmkdir -p "+cache+" && cp "+dir+"/crate "+cache+"/mlx-sys-1.crate"), 0o755)
	}
	if p.compiler != "" {
		write("g++", []byte("#!/bin/sh\n"+p.compiler), 0o755)
	}
	tools := t.TempDir() // what the scripts use, and no compiler
	for _, tool := range []string{"cp", "mkdir"} {
		require.NoError(t, os.Symlink("/bin/"+tool, filepath.Join(tools, tool)))
	}
	t.Setenv("PATH", dir+":"+tools)
	t.Setenv("CARGO_HOME", filepath.Join(dir, "home"))
	return libs.MLXRelease{
		Version: "v1", MLX: "1",
		Crate:  libs.Crate{Name: "mlx-sys", Version: "1", SHA256: hash(p.crate)},
		Wheels: []libs.Wheel{{Name: "mlx-cpu", Version: "1", SHA256: map[string]string{"linux/amd64": hash(p.wheel)}}},
	}
}

func hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func TestMLXIsBuiltOnLinux(t *testing.T) {
	in, dir := installer(t, "linux")
	t.Setenv("HF_TOKEN", "secret")
	p := goodParts(t)
	p.compiler = `[ -z "$HF_TOKEN" ] || { echo "error: it was given a secret" >&2; exit 1; }; ` + p.compiler
	r := p.release(t)
	got, err := in.MLX(t.Context(), mlxSpec, r)
	require.NoError(t, err)
	folder := filepath.Join(dir, "lib", "mlx", "v1")
	assert.Equal(t, libs.Installed{Product: "mlx", Version: "v1", Path: folder, Fetched: true}, got)
	assert.Equal(t, []string{"LICENSE.mlx-c", "LICENSE.mlx_cpu", "assay.sha256", "include/mlx/c/array.h", "libblas-1.so.3.10.0",
		"libmlx.so", "libmlxc.so"},
		tree(t, folder))
	assert.Len(t, tree(t, dir), 7, "and nothing beside it")

	t.Setenv("PATH", "")
	got, err = in.MLX(t.Context(), mlxSpec, r)
	require.NoError(t, err, "a second start needs none of the tools")
	assert.False(t, got.Fetched)
}

// Whatever goes wrong is one sentence, the exit status of "no usable runtime",
// and not a file left.
func TestBuildingMLXFails(t *testing.T) {
	for _, tt := range []struct {
		name string
		plan func(p *parts, r *libs.MLXRelease)
		says string
	}{
		{"no compiler", func(p *parts, _ *libs.MLXRelease) { p.compiler = "" },
			"needs a C++ compiler (g++); install what is missing and try again"},
		{"nothing at all", func(p *parts, _ *libs.MLXRelease) { p.compiler, p.packages = "", false },
			"needs Python with pip and Rust's cargo and a C++ compiler (g++)"},
		{"pip fails", func(p *parts, _ *libs.MLXRelease) {
			p.pip = "echo WARNING: old >&2; echo ERROR: no such wheel >&2; exit 1"
		},
			"pip download mlx-cpu==1: no such wheel"},
		{"pip leaves nothing", func(p *parts, _ *libs.MLXRelease) { p.pip = "exit 0" },
			"pip download mlx-cpu==1: it left 0 files instead of one archive"},
		{"no sources in the crate", func(p *parts, _ *libs.MLXRelease) { p.crate = archive(t, "mlx-sys-1/src/mlx-c/LICENSE", "") },
			"installing mlx v1: the crate holds no sources of mlx-c"},
		{"wheel altered", func(_ *parts, r *libs.MLXRelease) { r.Wheels[0].SHA256["linux/amd64"] = "00" },
			"a.whl: the hash is"},
		{"crate altered", func(_ *parts, r *libs.MLXRelease) { r.Crate.SHA256 = "00" },
			"mlx-sys-1.crate: the hash is"},
		{"does not compile", func(p *parts, _ *libs.MLXRelease) { p.compiler = "echo 'a.cpp:1: error: no such thing' >&2; exit 1" },
			"g++: a.cpp:1: error: no such thing"},
		{"no wheel for this platform", func(_ *parts, r *libs.MLXRelease) { r.Wheels[0].SHA256 = nil },
			"there is no package of libmlx for linux/amd64; build mlx-c and name it with ASSAY_MLX_LIB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, dir := installer(t, "linux")
			p := goodParts(t)
			tt.plan(&p, &libs.MLXRelease{Wheels: []libs.Wheel{{SHA256: map[string]string{}}}})
			r := p.release(t)
			tt.plan(&p, &r)
			_, err := in.MLX(context.Background(), mlxSpec, r)
			assert.ErrorContains(t, err, tt.says)
			checkRefusal(t, err)
			for _, file := range tree(t, dir) {
				assert.NotContains(t, file, "mlx", "left behind")
			}
		})
	}
}

func TestMLXThatIsNamedIsNotBuilt(t *testing.T) {
	in, dir := installer(t, "linux")
	named := filepath.Join(t.TempDir(), "libmlxc.so")
	in.Machine.Getenv = func(string) string { return named }
	require.NoError(t, os.WriteFile(named, nil, 0o644))
	got, err := in.MLX(t.Context(), mlxSpec, libs.PinnedMLX())
	require.NoError(t, err)
	assert.Equal(t, libs.Installed{Product: "mlx", Path: named}, got)
	assert.Empty(t, tree(t, dir))
}

func TestMLXPinsAreHashes(t *testing.T) {
	r := libs.PinnedMLX()
	assert.Len(t, r.Crate.SHA256, 64)
	for _, w := range r.Wheels {
		for platform, sum := range w.SHA256 {
			assert.Len(t, strings.Trim(sum, "0123456789abcdef"), 0, "%s for %s", w.Name, platform)
			assert.Len(t, sum, 64, "%s for %s", w.Name, platform)
		}
	}
}
