package llama_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"assay/native/dylib"
	"assay/native/llama"

	"github.com/stretchr/testify/require"
)

// library opens the llama.cpp of this machine. Without one the test is skipped,
// or fails where CI=true promises one.
func library(t testing.TB) *llama.Library {
	t.Helper()
	path, err := llama.Find()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("needs llama.cpp: %v", err)
	}
	lib, err := llama.Open(path)
	require.NoError(t, err)
	return lib
}

// since says that the library is one of the releases from the first to the last.
func since(t testing.TB, first, last string) bool {
	t.Helper()
	all := llama.Releases()
	at := slices.Index(all, library(t).Version())
	return at >= slices.Index(all, first) && at <= slices.Index(all, last)
}

// load makes a skeleton's file and loads it.
func load(t testing.TB, s skeleton, p llama.ModelParams) *llama.Model {
	t.Helper()
	model, err := library(t).LoadModel(s.write(t), p)
	require.NoError(t, err)
	t.Cleanup(model.Close)
	return model
}

func newContext(t testing.TB, m *llama.Model, p llama.ContextParams) *llama.Context {
	t.Helper()
	ctx, err := m.NewContext(p)
	require.NoError(t, err)
	t.Cleanup(ctx.Close)
	return ctx
}

func TestOpen(t *testing.T) {
	lib := library(t)
	require.NotEmpty(t, lib.Version())
	t.Logf("exercised: llama.cpp %s", lib.Version())
	require.Contains(t, lib.Layout(), "context ")
	require.NotEmpty(t, lib.Devices())
	cpu := lib.Devices()[len(lib.Devices())-1]
	require.Equal(t, "CPU", cpu.Type)
	require.NotEmpty(t, cpu.Description)
	require.Positive(t, cpu.MemoryTotal)
	digest, err := lib.SHA256()
	require.NoError(t, err)
	require.Len(t, digest, 64)

	again, err := llama.Open(lib.Path())
	require.NoError(t, err)
	require.Same(t, lib, again)
	_, err = llama.Open("/elsewhere/libllama.so")
	var second *llama.SecondLibraryError
	require.ErrorAs(t, err, &second)
	require.ErrorIs(t, err, dylib.ErrUnusable)
}

// openElsewhere opens a library in a process of its own, since this one may
// hold the real one, and answers what it said.
func openElsewhere(t *testing.T, path string) error {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestOpensWhatItIsGiven$")
	command.Env = append(os.Environ(), "ASSAY_TEST_OPEN="+path)
	out, err := command.CombinedOutput()
	var exit *exec.ExitError
	require.True(t, err == nil || errors.As(err, &exit), "%v", err)
	if err == nil {
		return nil
	}
	return errors.New(string(out))
}

// TestOpensWhatItIsGiven is the other half of openElsewhere.
func TestOpensWhatItIsGiven(t *testing.T) {
	path := os.Getenv("ASSAY_TEST_OPEN")
	if path == "" {
		t.Skip("runs inside other tests only")
	}
	_, err := llama.Open(path)
	require.NoError(t, err)
}

func TestOpenRefusesWrongLibraries(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler (cc) to build a library with")
	}
	build := func(source string) string {
		path := filepath.Join(t.TempDir(), "libllama.v9.9.9.so")
		code := filepath.Join(filepath.Dir(path), "lib.c")
		require.NoError(t, os.WriteFile(code, []byte(source), 0o644))
		out, err := exec.Command(cc, "-shared", "-fPIC", "-o", path, code).CombinedOutput()
		require.NoError(t, err, string(out))
		return path
	}
	every := "#include <string.h>\n"
	for _, name := range llama.RequiredSymbols() {
		if name != "llama_model_default_params" && name != "llama_context_default_params" {
			every += "void *" + name + "(void) { return 0; }\n"
		}
	}
	// A struct of another shape: n_ctx and n_batch changed places.
	moved := every + `
struct params { unsigned words[40]; };
struct params llama_model_default_params(void) { struct params p; memset(&p, 0, sizeof p); p.words[4] = -1; p.words[5] = 1; p.words[17] = 1; return p; }
struct params llama_context_default_params(void) { struct params p; memset(&p, 0, sizeof p); p.words[0] = 2048; p.words[1] = 512; return p; }`
	tests := []struct {
		name, source string
		wants        []string
	}{
		{"no symbols", "int nothing;", []string{
			"libllama.v9.9.9.so (v9.9.9) lacks", "llama_backend_init", "more, which 'assay doctor' lists",
		}},
		{"structs moved", moved, []string{
			"libllama.v9.9.9.so (version v9.9.9)", "fits no known layout", "v0.5.0", "assay libs install",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := openElsewhere(t, build(test.source))
			require.Error(t, err)
			for _, want := range test.wants {
				require.ErrorContains(t, err, want)
			}
		})
	}
	t.Run("libggml named libllama", func(t *testing.T) {
		lib := library(t)
		ggml := dylib.Here().Match(filepath.Dir(lib.Path()), "ggml-base")
		require.NotEmpty(t, ggml)
		content, err := os.ReadFile(ggml)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "libllama.so")
		require.NoError(t, os.WriteFile(path, content, 0o755))
		require.ErrorContains(t, openElsewhere(t, path), "(unknown version) lacks")
	})
	t.Run("the real one", func(t *testing.T) {
		require.NoError(t, openElsewhere(t, library(t).Path()))
	})
}
