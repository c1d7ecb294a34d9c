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

// headersEnv names headers to check the signatures against, one folder (that
// holds mlx/c/array.h) a release: v0.5.0=FOLDER:v0.6.0=FOLDER. Without it the
// headers beside the installed library are checked.
const headersEnv = "ASSAY_MLX_HEADERS"

// headers answers the folders to check, by release.
func headers(t *testing.T) map[string]string {
	folders := map[string]string{}
	for _, item := range filepath.SplitList(os.Getenv(headersEnv)) {
		release, folder, ok := strings.Cut(item, "=")
		require.True(t, ok, "%s: %q is not RELEASE=FOLDER", headersEnv, item)
		folders[release] = folder
	}
	if len(folders) > 0 {
		return folders
	}
	path, err := dylib.Here().Find(Spec())
	if err != nil {
		require.Empty(t, os.Getenv("CI"), "CI is set, so MLX has to be exercised: %v", err)
		t.Skipf("needs the headers of mlx-c (set %s, or install libmlxc): %v", headersEnv, err)
	}
	lib, err := Open(path)
	require.NoError(t, err)
	folder := headerFolder(path)
	if folder == "" {
		t.Skipf("needs the headers of mlx-c (set %s)", headersEnv)
	}
	folders[lib.Release.Name] = folder
	return folders
}

func TestSignaturesAreThoseOfTheHeaders(t *testing.T) {
	for name, folder := range headers(t) {
		t.Run(name, func(t *testing.T) {
			declared, err := declarations(folder)
			require.NoError(t, err)
			checked := false
			for _, release := range releases {
				if release.Name == name {
					checked = true
					assert.Empty(t, differences(release, declared))
					assert.Contains(t, declared, release.First)
				}
			}
			assert.True(t, checked, "%s is none of the releases", name)
		})
	}
}

func TestSignatureCheckSeesAPlantedDefect(t *testing.T) {
	declared := map[string]string{}
	for f := range fnCount {
		declared[f.symbol()] = signatures[f]
	}
	newest, oldest := releases[0], releases[len(releases)-1]
	assert.Empty(t, differences(newest, declared), "the clean control")
	assert.Len(t, differences(oldest, declared), 7,
		"v0.5.0 quantises without a global scale, shows no graphs, cannot force attention and sums up under another name")
	declared["mlx_add"] = "int mlx_add(mlx_array*, mlx_array, mlx_array)"
	assert.Equal(t, []string{"declared int mlx_add(mlx_array*, mlx_array, mlx_array), called as " + signatures[fnAdd]},
		differences(newest, declared))
}

func TestNormalise(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"int mlx_add( mlx_array* res, const mlx_array a, const mlx_stream s);", "int mlx_add(mlx_array*, mlx_array, mlx_stream)"},
		{"mlx_string mlx_string_new(void);", "mlx_string mlx_string_new()"},
		{"void mlx_set(mlx_f handler, void* data, void (*dtor)(void*));", "void mlx_set(mlx_f, void*, void(*)(void*))"},
		{"mlx_c mlx_new( int (*fun)(mlx_vector_array*, const mlx_vector_array, void*), void* payload);",
			"mlx_c mlx_new(int(*)(mlx_vector_array*,mlx_vector_array,void*), void*)"},
	} {
		assert.Equal(t, c.want, normalise(c.text))
	}
}

func TestRecognise(t *testing.T) {
	from := func(oldest int) func(string) bool { // exports what releases[oldest] and the older ones have
		return func(symbol string) bool {
			for _, release := range releases[oldest:] {
				if symbol == release.First {
					return true
				}
			}
			return false
		}
	}
	for _, test := range []struct {
		name, mlx string
		has       func(string) bool
		want      string
	}{
		{"newest", "0.32.2", from(0), "v0.7.0"},
		{"the crate mlx-sys 0.6.0", "0.32.2", from(1), "v0.6.0-gc74db53"},
		{"after v0.6.0", "0.31.2", from(2), "v0.6.0-4-gfba4470"},
		{"v0.6.0", "0.31.1", from(3), "v0.6.0"},
		{"v0.6.0 over a later MLX", "0.32.2", from(3), "v0.6.0"},
		{"v0.5.0", "0.30.6", from(4), "v0.5.0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			release, err := recognise("libmlxc.so", test.mlx, test.has)
			require.NoError(t, err)
			assert.Equal(t, test.want, release.Name)
		})
	}
	for _, test := range []struct {
		name, mlx string
		has       func(string) bool
	}{
		{"v0.4.1", "0.30.1", from(5)},
		{"after the newest", "0.32.3", from(0)},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := recognise("/x/libmlxc.so", test.mlx, test.has)
			require.ErrorIs(t, err, dylib.ErrUnusable)
			assert.ErrorContains(t, err, "/x/libmlxc.so")
			assert.ErrorContains(t, err, test.mlx)
		})
	}
}
