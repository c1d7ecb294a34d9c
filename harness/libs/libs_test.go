package libs_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"assay/harness/home"
	"assay/harness/libs"
	"assay/native/dylib"
	"assay/native/llama"
	"assay/native/mlx"
)

var spec = dylib.Spec{
	Product: "llama.cpp", Stem: "llama", Env: "ASSAY_LLAMA_LIB", Version: "v1",
	Formulae: []string{"llama.cpp", "ggml"}, Remedy: "run assay libs install",
}

// archive is an npm package with those files, names and contents in turn.
func archive(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	tw := tar.NewWriter(zw)
	for i := 0; i < len(files); i += 2 {
		require.NoError(t, tw.WriteHeader(&tar.Header{Name: files[i], Size: int64(len(files[i+1])), Mode: 0o644, Typeflag: tar.TypeReg}))
		_, err := io.WriteString(tw, files[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, tw.Close())
	require.NoError(t, zw.Close())
	return b.Bytes()
}

func library(t *testing.T) []byte {
	return archive(t,
		"package/package.json", "{}",
		"package/bins/linux-x64/libllama.v1.so", "llama",
		"package/bins/linux-x64/libggml-base.so", "ggml",
		"package/bins/linux-x64/addon.node", "not wanted",
		"package/LICENSE", "MIT")
}

// fakeTool puts a script in front of PATH under that name; the real npm and
// Homebrew cannot be made to fail on demand.
func fakeTool(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755))
	t.Setenv("PATH", dir+":/bin:/usr/bin")
}

// npmThatPacks is an npm whose `pack` writes the package.
func npmThatPacks(t *testing.T, content []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "package")
	require.NoError(t, os.WriteFile(file, content, 0o644))
	fakeTool(t, "npm", "cp "+file+" node-llama-cpp-linux-x64-1.0.0.tgz")
}

func installer(t *testing.T, goos string) (libs.Installer, string) {
	dir := t.TempDir()
	return libs.Installer{
		Home: home.Home{Cache: dir, Data: dir},
		Machine: dylib.Machine{
			GOOS: goos, GOARCH: "amd64", Root: dir,
			Getenv:   func(string) string { return "" },
			CacheDir: func() (string, error) { return filepath.Join(dir, "cache"), nil },
		},
		Log: io.Discard,
	}, dir
}

func release(content []byte) libs.Release {
	hash := sha512.Sum512(content)
	return libs.Release{Version: "v1", Package: "1.0.0", Integrity: map[string]string{
		libs.LinuxX64: "sha512-" + base64.StdEncoding.EncodeToString(hash[:]),
	}}
}

// tree lists the files below dir.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	}))
	return files
}

func TestInstall(t *testing.T) {
	in, dir := installer(t, "linux")
	npmThatPacks(t, library(t))
	ctx := context.Background()
	got, err := in.Llama(ctx, spec, release(library(t)))
	require.NoError(t, err)
	folder := filepath.Join(dir, "lib", "llama.cpp", "v1")
	assert.Equal(t, libs.Installed{Product: "llama.cpp", Version: "v1", Path: folder, Fetched: true}, got)
	assert.Equal(t, []string{"LICENSE", "assay.sha256", "libggml-base.so", "libllama.v1.so"}, tree(t, folder))
	assert.Len(t, tree(t, dir), 4, "and nothing beside it")

	t.Setenv("PATH", "")
	got, err = in.Llama(ctx, spec, release(library(t)))
	require.NoError(t, err, "a second start needs no npm")
	assert.False(t, got.Fetched)
}

// What an installation left that was killed is removed by the next; what one
// beside it holds is not.
func TestLeftoversAreSwept(t *testing.T) {
	in, dir := installer(t, "linux")
	npmThatPacks(t, library(t))
	parent := filepath.Join(dir, "lib", "llama.cpp")
	for _, name := range []string{".install-dead", ".install-held"} {
		require.NoError(t, os.MkdirAll(filepath.Join(parent, name), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(parent, name, "part"), nil, 0o644))
	}
	held, err := os.Open(filepath.Join(parent, ".install-held"))
	require.NoError(t, err)
	defer held.Close()
	require.NoError(t, unix.Flock(int(held.Fd()), unix.LOCK_EX))
	_, err = in.Llama(t.Context(), spec, release(library(t)))
	require.NoError(t, err)
	assert.Equal(t, []string{".install-held/part", "v1/LICENSE", "v1/assay.sha256", "v1/libggml-base.so", "v1/libllama.v1.so"},
		tree(t, parent))
}

func TestALibraryThatIsNamedIsNotInstalled(t *testing.T) {
	in, dir := installer(t, "linux")
	named := filepath.Join(t.TempDir(), "libllama.so")
	in.Machine.Getenv = func(string) string { return named }
	t.Setenv("PATH", "")
	_, err := in.Llama(context.Background(), spec, libs.Pinned())
	assert.ErrorContains(t, err, "ASSAY_LLAMA_LIB names "+named)
	checkRefusal(t, err)

	require.NoError(t, os.WriteFile(named, nil, 0o644))
	got, err := in.Llama(context.Background(), spec, libs.Pinned())
	require.NoError(t, err)
	assert.Equal(t, libs.Installed{Product: "llama.cpp", Path: named}, got)
	assert.Empty(t, tree(t, dir))
}

func TestInstallForAnotherPlatformLiesApart(t *testing.T) {
	in, dir := installer(t, "linux")
	mac := archive(t, "package/bins/mac-arm64-metal/libllama.dylib", "llama")
	npmThatPacks(t, mac)
	r := release(mac)
	r.Integrity[libs.MacArm64] = r.Integrity[libs.LinuxX64]
	got, err := in.Platform(context.Background(), r, libs.MacArm64)
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "lib", "llama.cpp-mac-arm64-metal", "v1"), got.Path)
	assert.Equal(t, []string{"assay.sha256", "libllama.dylib"}, tree(t, got.Path))
}

// Whatever goes wrong: one sentence that says what to do, the exit status of
// "no usable runtime", and not a file left.
func TestInstallFails(t *testing.T) {
	npmSays := func(lines ...string) func(*testing.T) {
		return func(t *testing.T) {
			fakeTool(t, "npm", "cat >&2 <<END\n"+strings.Join(lines, "\n")+"\nEND\nexit 1")
		}
	}
	packs := func(files ...string) func(*testing.T) {
		return func(t *testing.T) { npmThatPacks(t, archive(t, files...)) }
	}
	good := library(t)
	tests := []struct {
		name    string
		prepare func(*testing.T)
		release libs.Release
		says    string
	}{
		{"no npm", func(t *testing.T) { t.Setenv("PATH", "") }, release(good),
			"npm is not installed, and its packages hold the libraries for Linux; install Node.js with npm"},
		{"no network", npmSays("npm error code EAI_AGAIN", "npm error request failed"), release(good),
			"npm cannot reach its registry (EAI_AGAIN); connect this machine"},
		{"no network, older npm", npmSays("npm ERR! code ENOTFOUND"), release(good), "npm cannot reach its registry (ENOTFOUND)"},
		{"disk full", npmSays("npm error code ENOSPC"), release(good),
			"is full (a library takes up to 250 MB, a model up to 400); free some or set ASSAY_HOME"},
		{"npm's own cache", npmSays("npm error code EACCES", "npm error path /x/.npm"), release(good), "npm cannot write /x/.npm (EACCES)"},
		{"something else", npmSays("npm error code E404", "npm error 404 Not found"), release(good),
			"npm pack @node-llama-cpp/linux-x64@1.0.0: npm error code E404; npm error 404 Not found"},
		{"says nothing", func(t *testing.T) { fakeTool(t, "npm", "exit 7") }, release(good), "exit status 7"},
		{"leaves nothing", func(t *testing.T) { fakeTool(t, "npm", "exit 0") }, release(good),
			"npm pack @node-llama-cpp/linux-x64@1.0.0: it left 0 files instead of one archive"},
		{"altered", packs("package/bins/linux-x64/libllama.so", "evil"), release(good), "it was altered on the way, and is not used"},
		{"no archive", func(t *testing.T) { npmThatPacks(t, []byte("no archive at all")) },
			release([]byte("no archive at all")), "gzip: invalid header"},
		{"cut short", func(t *testing.T) { npmThatPacks(t, good[:80]) }, release(good[:80]), "unexpected EOF"},
		{"no library in it", packs("package/LICENSE", "MIT"), release(archive(t, "package/LICENSE", "MIT")), "holds no library"},
		{"no package", func(*testing.T) {}, libs.Release{Version: "v1"}, `there is no package of it for "linux-x64"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, dir := installer(t, "linux")
			tt.prepare(t)
			_, err := in.Llama(context.Background(), spec, tt.release)
			require.ErrorContains(t, err, tt.says)
			checkRefusal(t, err)
			assert.NotContains(t, err.Error(), "\n")
			assert.Empty(t, tree(t, dir))
		})
	}
}

func checkRefusal(t *testing.T, err error) {
	t.Helper()
	assert.ErrorContains(t, err, "installing ")
	assert.ErrorIs(t, err, dylib.ErrUnusable)
	var coded interface{ NoRuntime() bool }
	require.ErrorAs(t, err, &coded)
	assert.True(t, coded.NoRuntime())
}

func TestInstallWritesOnlyIntoItsFolder(t *testing.T) {
	in, dir := installer(t, "linux")
	evil := archive(t, "package/bins/../../../../outside.so", "x", "/tmp/absolute.so", "x", "package/bins/linux-x64/libllama.so", "x")
	npmThatPacks(t, evil)
	got, err := in.Llama(context.Background(), spec, release(evil))
	require.NoError(t, err)
	assert.Equal(t, []string{"assay.sha256", "libllama.so"}, tree(t, got.Path))
	assert.Len(t, tree(t, dir), 2)
}

func TestInstallIntoWhatIsNoFolder(t *testing.T) {
	in, dir := installer(t, "linux")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "lib"), nil, 0o644))
	_, err := in.Llama(context.Background(), spec, release(library(t)))
	assert.ErrorContains(t, err, "lib/llama.cpp cannot be written; set ASSAY_HOME to a folder that can")
	checkRefusal(t, err)
}

func TestInstallOnAnUnknownPlatform(t *testing.T) {
	in, _ := installer(t, "freebsd")
	_, err := in.Llama(context.Background(), spec, release(library(t)))
	assert.ErrorContains(t, err, "there is no package for freebsd/amd64; build llama.cpp and name it with ASSAY_LLAMA_LIB")
	checkRefusal(t, err)
}

func TestInterruptLeavesNothing(t *testing.T) {
	in, dir := installer(t, "linux")
	fakeTool(t, "npm", "echo half > package.tgz; exec sleep 60")
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err := in.Llama(ctx, spec, release(library(t)))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Empty(t, tree(t, dir))
}

func TestConcurrentInstallsAgree(t *testing.T) {
	in, dir := installer(t, "linux")
	npmThatPacks(t, library(t))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			_, err := in.Llama(context.Background(), spec, release(library(t)))
			assert.NoError(t, err)
		})
	}
	group.Wait()
	assert.Len(t, tree(t, dir), 4)
}

func TestHomebrew(t *testing.T) {
	in, dir := installer(t, "darwin")
	folder := filepath.Join(dir, "opt", "homebrew", "opt", "llama.cpp", "lib")
	fakeTool(t, "brew", `echo "$@" >> `+filepath.Join(dir, "calls")+"; mkdir -p "+folder+"; touch "+folder+"/libllama.dylib")
	ctx := context.Background()
	got, err := in.Llama(ctx, spec, libs.Pinned())
	require.NoError(t, err)
	assert.Equal(t, libs.Installed{Product: "llama.cpp", Path: folder + "/libllama.dylib", Fetched: true}, got)
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	require.NoError(t, err)
	assert.Equal(t, "install llama.cpp\ninstall ggml\n", string(calls))

	t.Setenv("PATH", "")
	got, err = in.Llama(ctx, spec, libs.Pinned())
	require.NoError(t, err, "a second start needs no Homebrew")
	assert.False(t, got.Fetched)
}

func TestHomebrewFails(t *testing.T) {
	tests := []struct{ name, path, script, says string }{
		{"no Homebrew", "none", "", "there is no Homebrew, which has the libraries for macOS"},
		{"it fails", "brew", "exit 1", "brew install llama.cpp: exit status 1"},
		{"it installs something else", "brew", "exit 0", "no llama.cpp library (libllama) in"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in, _ := installer(t, "darwin")
			fakeTool(t, tt.path, tt.script)
			_, err := in.Llama(context.Background(), spec, libs.Pinned())
			assert.ErrorContains(t, err, tt.says)
			checkRefusal(t, err)
		})
	}
	in, _ := installer(t, "darwin")
	_, err := in.Llama(context.Background(), spec, every(t)[0])
	assert.ErrorContains(t, err, "only the current release is to be had from Homebrew")
}

func every(t *testing.T) []libs.Release {
	t.Helper()
	all, err := libs.Select("all")
	require.NoError(t, err)
	require.NotEmpty(t, all)
	return all
}

func TestReleases(t *testing.T) {
	hashes := map[string]bool{}
	for _, r := range every(t) {
		for platform, hash := range r.Integrity {
			raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(hash, "sha512-"))
			require.NoError(t, err)
			assert.Len(t, raw, sha512.Size, "%s for %s", r.Version, platform)
			assert.False(t, hashes[hash], "%s for %s has another's hash", r.Version, platform)
			hashes[hash] = true
		}
		for _, name := range []string{r.Version, r.Package} {
			found, err := libs.Select(name)
			require.NoError(t, err)
			assert.Equal(t, []libs.Release{r}, found)
		}
	}
	assert.Equal(t, llama.Pinned, libs.Pinned().Version, "what is installed is what the search takes first")
	assert.Equal(t, mlx.Pinned, libs.PinnedMLX().Version)
	two, err := libs.Select("v0.5.0,b8390")
	require.NoError(t, err)
	require.Len(t, two, 2)
	assert.Equal(t, []string{"b8390", "v0.5.0"}, []string{two[0].Version, two[1].Version}, "oldest first")
	_, err = libs.Select("v0.5.0,b1")
	assert.EqualError(t, err,
		`no llama.cpp release "b1" to install; there are b6673, b6845, b7347, b7698, b7836, b8121, b8179, b8390, `+
			`b9842, b10068, b10361, v0.4.0, v0.5.0`)
}

// A release with a device's backend lies where no search finds it.
func TestDevice(t *testing.T) {
	in, dir := installer(t, "linux")
	npmThatPacks(t, library(t))
	r := release(library(t))
	r.Integrity = map[string]string{libs.LinuxX64Vulkan: r.Integrity[libs.LinuxX64]}
	got, err := in.Device(t.Context(), r, libs.Vulkan)
	require.NoError(t, err)
	folder := filepath.Join(dir, "lib", "llama.cpp-linux-x64-vulkan", "v1")
	assert.Equal(t, libs.Installed{Product: "llama.cpp-linux-x64-vulkan", Version: "v1", Path: folder, Fetched: true}, got)
	assert.Equal(t, folder, in.DeviceFolder(r, libs.Vulkan))
	_, err = in.Machine.Find(spec)
	assert.Error(t, err, "what is measured by default does not change")

	mac, _ := installer(t, "darwin")
	_, err = mac.Device(t.Context(), r, libs.Vulkan)
	assert.EqualError(t, err, "installing llama.cpp v1: there is no package of it for vulkan on darwin/amd64")
	checkRefusal(t, err)
}
