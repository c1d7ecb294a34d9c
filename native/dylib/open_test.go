package dylib_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"assay/native/dylib"

	"github.com/stretchr/testify/require"
)

// build compiles a C source into a shared library of the given name.
func build(t *testing.T, name, source string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler (cc) to build a library with")
	}
	folder := t.TempDir()
	code := filepath.Join(folder, "lib.c")
	require.NoError(t, os.WriteFile(code, []byte(source), 0o644))
	path := filepath.Join(folder, name)
	out, err := exec.Command(cc, "-shared", "-fPIC", "-o", path, code).CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

func TestSymbolsListsAllThatAreMissing(t *testing.T) {
	path := build(t, "libthing.v1.2.3.so", "int thing_one(void) { return 1; }")
	lib, err := dylib.Open(path)
	require.NoError(t, err)

	addrs, err := lib.Symbols("thing_one")
	require.NoError(t, err)
	require.NotZero(t, addrs[0])

	_, err = lib.Symbols("thing_two", "thing_one", "thing_three")
	require.ErrorIs(t, err, dylib.ErrUnusable)
	var missing *dylib.MissingError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, &dylib.MissingError{Path: path, Version: "v1.2.3", Symbols: []string{"thing_two", "thing_three"}}, missing)
	require.ErrorContains(t, err, "(v1.2.3) lacks 2 required symbols: thing_two, thing_three")
}

func TestOpenRefusesWhatIsNoLibrary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "libllama.so")
	require.NoError(t, os.WriteFile(path, []byte("not a library"), 0o644))
	_, err := dylib.Open(path)
	require.ErrorIs(t, err, dylib.ErrUnusable)
	require.ErrorContains(t, err, path)
}

func TestOpenErrorHasAReason(t *testing.T) {
	silent := &dylib.OpenError{Path: "/x/libmlxc.so", Err: errors.New("/x/libmlxc.so: ")}
	require.EqualError(t, silent, "opening /x/libmlxc.so: the system's loader gives no reason, as when libraries beside it are of "+
		"another release (ldd -r lists what is missing); install a release built for this machine")
	told := &dylib.OpenError{Path: "/x/libmlxc.so", Err: errors.New("/x/libmlxc.so: invalid ELF header")}
	require.EqualError(t, told, "opening /x/libmlxc.so: invalid ELF header; install a release built for this machine")
}

func TestSHA256(t *testing.T) {
	path := filepath.Join(t.TempDir(), "abc")
	require.NoError(t, os.WriteFile(path, []byte("abc"), 0o644))
	digest, err := dylib.SHA256(path)
	require.NoError(t, err)
	// FIPS 180-2, appendix B.1.
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", digest)
	_, err = dylib.SHA256(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestHere(t *testing.T) {
	require.Equal(t, runtime.GOOS, dylib.Here().GOOS)
	t.Setenv("ASSAY_HOME", "/somewhere")
	folder, err := dylib.Here().CacheFolder("llama.cpp", "v0.5.0")
	require.NoError(t, err)
	require.Equal(t, "/somewhere/lib/llama.cpp/v0.5.0", folder)
}
