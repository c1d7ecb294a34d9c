package mlx

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/dylib"
)

// stub compiles a library that exports some functions, which do nothing, and
// says that it is of some MLX.
func stub(t *testing.T, version string, symbols ...string) string {
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("needs a C compiler (cc) to build a library with")
	}
	var code strings.Builder
	fmt.Fprintf(&code, "void *mlx_string_new(void) { return 0; }\nint mlx_version(void **s) { return 0; }\n"+
		"const char *mlx_string_data(void *s) { return %q; }\nint mlx_string_free(void *s) { return 0; }\n", version)
	for _, symbol := range symbols {
		if !strings.Contains(code.String(), symbol+"(") {
			fmt.Fprintf(&code, "int %s(void) { return 0; }\n", symbol)
		}
	}
	folder := t.TempDir()
	source, path := filepath.Join(folder, "stub.c"), filepath.Join(folder, "libmlxc.so")
	require.NoError(t, os.WriteFile(source, []byte(code.String()), 0o600))
	out, err := exec.Command(cc, "-shared", "-fPIC", "-o", path, source).CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

func TestOpenListsAllThatIsMissing(t *testing.T) {
	path := stub(t, "0.27.0", "mlx_add", "mlx_matmul")
	_, err := Open(path)
	require.ErrorIs(t, err, dylib.ErrUnusable)
	var missing *dylib.MissingError
	require.ErrorAs(t, err, &missing)
	assert.Len(t, missing.Symbols, int(fnCount)-6-4, "four functions are in the newest releases only, or have another name")
	assert.NotContains(t, missing.Symbols, "mlx_add")
	assert.ErrorContains(t, err, path+" (for MLX 0.27.0) lacks")
	assert.ErrorContains(t, err, "assay libs install")
}

func TestOpenRefusesAnUnknownRelease(t *testing.T) {
	all := []string{releases[0].First}
	for f := range fnCount {
		all = append(all, f.symbol())
	}
	path := stub(t, "0.33.1", all...)
	_, err := Open(path)
	require.ErrorIs(t, err, dylib.ErrUnusable)
	assert.ErrorContains(t, err, path+" is an mlx-c for MLX 0.33.1")
}

// A Mac without a session of its GPU has no usable runtime, in one sentence.
func TestNoDeviceIsNoRuntime(t *testing.T) {
	said := &Error{"mlx_stream_new_device", "[metal::load_device] No Metal device available. This typically occurs in headless, sandboxed, " +
		"or virtualized macOS sessions where the GPU is not accessible."}
	err := noStream("/opt/homebrew/lib/libmlxc.dylib", "gpu", said)
	require.ErrorIs(t, err, dylib.ErrUnusable)
	assert.ErrorContains(t, err, "libmlxc.dylib finds no GPU in this session")
	other := noStream("/opt/homebrew/lib/libmlxc.dylib", "gpu", &Error{"mlx_stream_new_device", "no memory"})
	require.NotErrorIs(t, other, dylib.ErrUnusable)
}

// Kernels that are not there, or are for another macOS, are no runtime, with the remedy.
func TestNoKernelsIsNoRuntime(t *testing.T) {
	const path = "/opt/homebrew/lib/libmlxc.dylib"
	for _, c := range []struct{ said, remedy string }{
		{"Failed to load the default metallib. library not found library not found library not found", "beside libmlx.dylib"},
		{"[metal::Device] Unable to load the library: this library is using language version 4.0, which is not supported on this OS.",
			"built for a newer macOS"},
	} {
		err := noStream(path, "gpu", &Error{"mlx_stream_new_device", c.said})
		require.ErrorIs(t, err, dylib.ErrUnusable)
		require.ErrorContains(t, err, path)
		require.ErrorContains(t, err, c.remedy)
	}
}
