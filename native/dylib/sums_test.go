package dylib_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/dylib"
)

// A library that is not as it was installed is refused before it is loaded.
func TestVerify(t *testing.T) {
	put := func(t *testing.T, folder, name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
	for name, tt := range map[string]struct {
		change func(t *testing.T, folder string)
		why    string
	}{
		"as installed":    {func(*testing.T, string) {}, ""},
		"altered":         {func(t *testing.T, f string) { put(t, f, "libggml-cpu-zen4.so", "other") }, "libggml-cpu-zen4.so was altered"},
		"altered kernels": {func(t *testing.T, f string) { put(t, f, "mlx.metallib", "") }, "mlx.metallib was altered"},
		"added":           {func(t *testing.T, f string) { put(t, f, "libggml-evil.so.1", "x") }, "libggml-evil.so.1 was not installed"},
		"taken away":      {func(t *testing.T, f string) { require.NoError(t, os.Remove(filepath.Join(f, "libllama.so"))) }, ""},
		"another file":    {func(t *testing.T, f string) { put(t, f, "notes.txt", "mine") }, ""},
		"no list":         {func(t *testing.T, f string) { require.NoError(t, os.Remove(filepath.Join(f, "assay.sha256"))) }, ""},
		"not a list":      {func(t *testing.T, f string) { put(t, f, "assay.sha256", "no sums\n") }, "assay.sha256 does not list"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			put(t, folder, "libllama.so", "llama")
			put(t, folder, "libggml-cpu-zen4.so", "zen4")
			put(t, folder, "mlx.metallib", "kernels")
			require.NoError(t, os.Mkdir(filepath.Join(folder, "include"), 0o755))
			put(t, folder, "include/mlx.h", "header")
			require.NoError(t, dylib.WriteSums(folder))
			tt.change(t, folder)
			err := dylib.Verify(folder)
			if tt.why == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, dylib.ErrUnusable)
			assert.ErrorContains(t, err, tt.why)
			assert.ErrorContains(t, err, "run assay libs install")
		})
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte("0123456789012345678901234567890123456789012345678901234567890123  liba.so\n"))
	f.Add([]byte("liba.so"))
	f.Fuzz(func(t *testing.T, list []byte) {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "liba.so"), []byte("a"), 0o644))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "assay.sha256"), list, 0o644))
		if err := dylib.Verify(folder); err == nil {
			require.Contains(t, string(list), "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  liba.so")
		}
	})
}
