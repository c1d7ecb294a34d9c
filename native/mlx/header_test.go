package mlx

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/dylib"
)

// headersBeside writes the prototypes of a release into a header beside a library
// that is not there, and answers the library's path.
func headersBeside(t *testing.T, release Release, change func(text string) string) string {
	t.Helper()
	folder := t.TempDir()
	lines := []string{"int " + release.First + "(void); /* no earlier release has it */"}
	for f := range fnCount {
		if signature := release.signature(f); signature != "" {
			lines = append(lines, strings.ReplaceAll(signature, "(*)(", "(*fun)(")+";")
		}
	}
	header := filepath.Join(folder, "include", "mlx", "c", "array.h")
	require.NoError(t, os.MkdirAll(filepath.Dir(header), 0o755))
	require.NoError(t, os.WriteFile(header, []byte(change(strings.Join(lines, "\n"))), 0o644))
	return filepath.Join(folder, "libmlxc.so")
}

// A library is called as its own header declares it, or not at all.
func TestHeaderBesideTheLibraryDecides(t *testing.T) {
	asIs := func(text string) string { return text }
	unknown := &UnknownReleaseError{Path: "libmlxc.so", MLX: "0.40.0"}
	for _, release := range releases {
		got, err := checkedByHeader(headersBeside(t, release, asIs), release, nil)
		require.NoError(t, err, release.Name)
		assert.Equal(t, release.Name, got.Name)

		got, err = checkedByHeader(headersBeside(t, release, asIs), Release{}, unknown)
		require.NoError(t, err, release.Name)
		assert.Contains(t, got.Name, "by its header", "a release that is not known, with functions that are")
		assert.Empty(t, differences(got, declaredBy(t, release)))
	}
	for _, test := range []struct{ name, from, to string }{
		{"an argument more", "mlx_add(mlx_array*, mlx_array, mlx_array,", "mlx_add(mlx_array*, mlx_array, mlx_array, bool,"},
		{"an argument fewer", "mlx_array, bool, mlx_stream);\n", "mlx_array, mlx_stream);\n"},
		{"two swapped", "int*, size_t, int, mlx_stream", "int*, int, size_t, mlx_stream"},
		{"another width", "mlx_array_dim(mlx_array, int)", "mlx_array_dim(mlx_array, size_t)"},
		{"gone", "int mlx_argsort(", "int mlx_argsort_new("},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := headersBeside(t, releases[0], func(text string) string {
				require.Contains(t, text, test.from)
				return strings.Replace(text, test.from, test.to, 1)
			})
			_, err := checkedByHeader(path, releases[0], nil)
			var refused *HeaderError
			require.ErrorAs(t, err, &refused)
			require.ErrorIs(t, err, dylib.ErrUnusable)
			assert.Len(t, refused.Differences, 1)
			_, err = checkedByHeader(path, Release{}, unknown)
			require.ErrorIs(t, err, unknown)
		})
	}
	_, err := checkedByHeader(filepath.Join(t.TempDir(), "libmlxc.so"), Release{}, unknown)
	require.ErrorIs(t, err, unknown, "without a header")
}

// declaredBy are a release's own prototypes.
func declaredBy(t *testing.T, release Release) map[string]string {
	t.Helper()
	path := headersBeside(t, release, func(text string) string { return text })
	declared, err := declarations(headerFolder(path))
	require.NoError(t, err)
	return declared
}
