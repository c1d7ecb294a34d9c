package bisect_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/bisect"
	"assay/harness/llamacpp"
	"assay/harness/run"
	"assay/harness/suite"
	"assay/harness/worker/workertest"
	"assay/native/llama"
)

// TestMain lets the test binary be its own worker.
func TestMain(m *testing.M) {
	workertest.Serve()
	os.Exit(m.Run())
}

// cached is the folder of an installed release.
func cached(t *testing.T, name string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	if home := os.Getenv("ASSAY_HOME"); home != "" {
		t.Skip("looks for releases where scripts/test installs them")
	}
	folder := filepath.Join(cache, "assay", "lib", "llama.cpp", name)
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("llama.cpp %s is needed; assay libs install --release %[1]s", name)
		}
		t.Skipf("needs llama.cpp %s; assay libs install --release %[1]s", name)
	}
	return folder
}

func at(name, folder string) bisect.Release {
	return bisect.Release{Name: name, Get: func(context.Context) (string, error) { return llama.Spec().Env + "=" + folder, nil }}
}

// plant is a release in which only some files are there.
func plant(t *testing.T, folder string, keep func(string) bool) string {
	t.Helper()
	dir := t.TempDir()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, e := range entries {
		if keep(e.Name()) {
			require.NoError(t, os.Symlink(filepath.Join(folder, e.Name()), filepath.Join(dir, e.Name())))
		}
	}
	return dir
}

func search(t *testing.T, settings suite.Lists, kinds ...string) bisect.Search {
	t.Helper()
	g := suite.CaseGroup{Models: []string{"preset:smollm2-135m"}, Runtimes: []string{llamacpp.Name}, Skeleton: "kv", Settings: settings}
	s, err := suite.AdHoc(g, kinds, 8, 2)
	require.NoError(t, err)
	return bisect.Search{Suite: s, Options: run.Options{Rules: []string{"none"}}}
}

// The products that spread quantised caches came after b6673. A release between that
// cannot be opened is passed by and named.
func TestFindsWhereOperationsChanged(t *testing.T) {
	old, recent := cached(t, "b6673"), cached(t, "v0.5.0")
	broken := plant(t, recent, func(name string) bool { return strings.HasPrefix(name, "libllama.") })
	s := search(t, suite.Lists{"n_ctx": {256}, "type_k": {"q8_0"}, "type_v": {"q8_0"}}, "kv")
	s.Releases = []bisect.Release{at("1", old), at("2", old), at("3", broken), at("4", recent), at("5", recent)}
	var told []string
	s.Tell = func(step bisect.Step) { told = append(told, step.Release) }
	got, err := bisect.Find(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, "figures without noise", got.Figure)
	assert.Equal(t, []string{"2", "4"}, []string{got.Last, got.First})
	assert.Equal(t, []string{"3"}, got.Unknown)
	assert.Equal(t, []string{"5", "3", "2", "4"}, told)
	assert.Contains(t, strings.Join(got.Steps[0].Evidence, "\n"), "flops MUL_MAT")
	assert.Nil(t, got.Steps[0].Chance, "no noise")

	s.Figure, s.Releases = "kv_bytes", []bisect.Release{at("1", recent), at("2", recent)}
	_, err = bisect.Find(t.Context(), s)
	assert.ErrorContains(t, err, "nothing moved from 1 to 2 (kv_bytes); try another case")
	s.Releases = s.Releases[:1]
	_, err = bisect.Find(t.Context(), s)
	assert.ErrorContains(t, err, "name two")
}

// A release whose fast kernels are gone is the first slow one.
func TestFindsAPlantedSlowdown(t *testing.T) {
	recent := cached(t, "v0.5.0")
	slow := plant(t, recent, func(name string) bool {
		return !strings.HasPrefix(name, "libggml-cpu-") || strings.HasSuffix(name, "-x64.so")
	})
	s := search(t, suite.Lists{"n_prompt": {128}, "n_threads": {1}}, "prefill")
	s.Figure = bisect.Time
	s.Releases = []bisect.Release{at("good", recent), at("same", recent), at("slow", slow), at("bad", slow)}
	got, err := bisect.Find(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, []string{"same", "slow"}, []string{got.Last, got.First})
	assert.Contains(t, got.Steps[0].Evidence[0], "slower")
	require.NotNil(t, got.Steps[0].Chance)
	assert.Less(t, *got.Steps[0].Chance, 0.01)
}

// plantedNorm stands before ggml and takes another epsilon for every norm.
const plantedNorm = `
#define _GNU_SOURCE
#include <dlfcn.h>
void *ggml_rms_norm(void *c, void *a, float eps) {
	return ((void *(*)(void *, void *, float)) dlsym(RTLD_NEXT, "ggml_rms_norm"))(c, a, eps + 0.05f);
}
`

// A release that computes something else is the first whose output moved, while bytes
// and operations stay; how far beyond rounding is its certainty.
func TestFindsWhereTheOutputMoved(t *testing.T) {
	t.Setenv(llama.Spec().Env, cached(t, "v0.5.0"))
	cc, err := exec.LookPath("cc")
	if err != nil || goruntime.GOOS != "linux" {
		t.Skip("needs a C compiler (cc) on Linux, whose loader takes a library of ours first")
	}
	library := filepath.Join(t.TempDir(), "planted.so")
	require.NoError(t, os.WriteFile(library+".c", []byte(plantedNorm), 0o600))
	out, err := exec.Command(cc, "-shared", "-fPIC", "-o", library, library+".c").CombinedOutput()
	require.NoError(t, err, string(out))
	release := func(name, preload string) bisect.Release {
		return bisect.Release{Name: name, Get: func(context.Context) (string, error) { return "LD_PRELOAD=" + preload, nil }}
	}
	s := search(t, suite.Lists{"n_ctx": {256}, "n_threads": {1}}, "kv")
	s.Releases = []bisect.Release{release("1", ""), release("2", ""), release("3", library), release("4", library)}
	got, err := bisect.Find(t.Context(), s)
	require.NoError(t, err)
	assert.Equal(t, []string{bisect.Output, "2", "3"}, []string{got.Figure, got.Last, got.First})
	require.NotNil(t, got.Steps[0].Beyond)
	assert.Greater(t, *got.Steps[0].Beyond, 1.0)
	assert.NotEmpty(t, got.Steps[0].Evidence)
}
