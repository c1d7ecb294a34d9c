package dylib_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"assay/native/dylib"

	"github.com/stretchr/testify/require"
)

// machine describes a computer whose system lies below a temporary root and
// whose cache folder is root/cache.
func machine(t *testing.T, goos string, env map[string]string, files ...string) dylib.Machine {
	t.Helper()
	root := t.TempDir()
	for _, file := range files {
		path := filepath.Join(root, file)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, nil, 0o644))
	}
	return dylib.Machine{
		GOOS: goos, GOARCH: "amd64", Root: root,
		Getenv: func(name string) string {
			if value := env[name]; value != "" {
				return filepath.Join(root, value)
			}
			return ""
		},
		CacheDir: func() (string, error) { return filepath.Join(root, "cache"), nil },
	}
}

var spec = dylib.Spec{
	Product: "llama.cpp", Stem: "llama", Env: "ASSAY_LLAMA_LIB", Version: "v0.5.0",
	Formulae: []string{"llama.cpp"}, Remedy: "run assay libs install",
}

func TestFindTakesTheFirstPlaceThatHoldsTheLibrary(t *testing.T) {
	const (
		pinned  = "cache/assay/lib/llama.cpp/v0.5.0/libllama.v0.5.0.so"
		newer   = "cache/assay/lib/llama.cpp/v0.10.0/libllama.v0.10.0.so"
		new9    = "cache/assay/lib/llama.cpp/v0.9.0/libllama.v0.9.0.so"
		debian  = "usr/lib/x86_64-linux-gnu/libllama.so.0"
		brew    = "opt/homebrew/opt/llama.cpp/lib/libllama.dylib"
		intel   = "usr/local/lib/libllama.0.0.9.dylib"
		own     = "own/libllama.so"
		renamed = "own/custom-name.so"
	)
	tests := []struct {
		name  string
		goos  string
		env   map[string]string
		files []string
		want  string
	}{
		{"environment names a folder", "linux", map[string]string{"ASSAY_LLAMA_LIB": "own"}, []string{pinned, own}, own},
		{"environment names a file", "linux", map[string]string{"ASSAY_LLAMA_LIB": renamed}, []string{pinned, renamed}, renamed},
		{"pinned release before a newer one", "linux", nil, []string{newer, pinned, debian}, pinned},
		{"newest of the others by number", "linux", nil, []string{new9, newer, debian}, newer},
		{"home elsewhere", "linux", map[string]string{"ASSAY_HOME": "h"}, []string{"h/lib/llama.cpp/b6673/libllama.b6673.so", pinned},
			"h/lib/llama.cpp/b6673/libllama.b6673.so"},
		{"Debian multiarch", "linux", nil, []string{"usr/lib/libllama.so", debian}, debian},
		{"a name that only begins alike", "linux", nil, []string{"usr/lib/x86_64-linux-gnu/libllama-common.so.0", "usr/lib/libllama.so"},
			"usr/lib/libllama.so"},
		{"the plain name before a versioned one", "linux", nil, []string{"usr/lib/libllama.so", "usr/lib/libllama.so.1.2"},
			"usr/lib/libllama.so"},
		{"Homebrew formula", "darwin", nil, []string{brew, intel}, brew},
		{"Homebrew on Intel", "darwin", nil, []string{intel}, intel},
		{"Homebrew prefix from the environment", "darwin", map[string]string{"HOMEBREW_PREFIX": "b"},
			[]string{"b/lib/libllama.dylib", brew}, "b/lib/libllama.dylib"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := machine(t, test.goos, test.env, test.files...)
			path, err := m.Find(spec)
			require.NoError(t, err)
			require.Equal(t, filepath.Join(m.Root, test.want), path)
		})
	}
}

func TestFindSaysWhereItLooked(t *testing.T) {
	m := machine(t, "linux", nil, "usr/lib/libllama-common.so")
	_, err := m.Find(spec)
	require.ErrorIs(t, err, dylib.ErrUnusable)
	var missing *dylib.NotFoundError
	require.ErrorAs(t, err, &missing)
	require.False(t, missing.Forced)
	require.Contains(t, missing.Tried, m.Root+"/usr/lib")
	require.ErrorContains(t, err, "run assay libs install (or name it with ASSAY_LLAMA_LIB)")
}

func TestFindDoesNotFallBackFromTheEnvironment(t *testing.T) {
	m := machine(t, "linux", map[string]string{"ASSAY_LLAMA_LIB": "nowhere"}, "usr/lib/libllama.so")
	_, err := m.Find(spec)
	var missing *dylib.NotFoundError
	require.ErrorAs(t, err, &missing)
	require.True(t, missing.Forced)
	require.ErrorContains(t, err, "correct or unset ASSAY_LLAMA_LIB")
}

func TestFindWithoutACacheFolderStillSearchesTheSystem(t *testing.T) {
	m := machine(t, "linux", nil, "usr/lib/libllama.so")
	m.CacheDir = func() (string, error) { return "", errors.New("HOME is not set") }
	path, err := m.Find(spec)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(m.Root, "usr/lib/libllama.so"), path)
	_, err = m.Home()
	require.ErrorContains(t, err, "set ASSAY_HOME to choose one")
}

func TestFileVersion(t *testing.T) {
	for path, want := range map[string]string{
		"/x/libllama.v0.5.0.so":       "v0.5.0",
		"/x/libllama.b6673.so":        "b6673",
		"libllama.b7324.so.0.0.1":     "b7324",
		"libllama.so.0.7.0":           "0.7.0",
		"libllama.0.0.9.dylib":        "0.0.9",
		"libllama.metal.v0.4.0.dylib": "v0.4.0",
		"libggml-base.so":             "",
		"libmlx.dylib":                "",
		"/opt/v1.2/lib/libmlxc.so":    "",
	} {
		require.Equal(t, want, dylib.FileVersion(path), path)
	}
}

func TestCompareVersions(t *testing.T) {
	ordered := []string{"b6673", "b10361", "v0.4.0", "v0.5.0", "v0.5.0.1", "0.10.0"}
	for i := range ordered[1:] {
		require.Negative(t, dylib.CompareVersions(ordered[i], ordered[i+1]), ordered[i])
		require.Positive(t, dylib.CompareVersions(ordered[i+1], ordered[i]), ordered[i])
	}
	require.Zero(t, dylib.CompareVersions("v0.5.0", "0.5.0"))
}
