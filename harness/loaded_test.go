package harness_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/worker"
	"assay/harness/worker/workertest"
	"assay/native/dylib"
	"assay/native/llama"
)

// A record names every library file that was loaded, by its hash, the processor's
// variant among them, and the variables that the library obeys. What was altered
// since it was installed is not loaded.
func TestWhatWasLoadedIsRecorded(t *testing.T) {
	workertest.NeedLlama(t)
	found, err := llama.Find()
	require.NoError(t, err)
	folder := filepath.Join(t.TempDir(), filepath.Base(filepath.Dir(found)))
	require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Dir(found))))
	require.NoError(t, dylib.WriteSums(folder))
	self, err := os.Executable()
	require.NoError(t, err)
	probe := func() worker.Probed {
		probed, err := worker.Probe(t.Context(), worker.Spawner{Command: []string{self, "worker"}}, []string{"llama.cpp"})
		require.NoError(t, err)
		return probed[0]
	}
	t.Setenv("ASSAY_LLAMA_LIB", folder)
	t.Setenv("GGML_OP_OFFLOAD_MIN_BATCH", "64")
	t.Setenv("LLAMA_ARG_THREADS", "9")
	t.Setenv("GGML_API_KEY", "secret")

	got := probe()
	require.NoError(t, got.Err)
	assert.Equal(t, map[string]string{"GGML_OP_OFFLOAD_MIN_BATCH": "64"}, got.Runtime.Variables)
	hashes := map[string]string{}
	variant := ""
	for _, f := range got.Runtime.Files {
		hashes[f.Path] = f.SHA256
		if _, name, ok := strings.Cut(filepath.Base(f.Path), "ggml-cpu-"); ok {
			assert.Empty(t, variant, "one variant is loaded")
			variant, _, _ = strings.Cut(name, ".")
		}
	}
	assert.Equal(t, variant, got.Runtime.CPUVariant)
	assert.Equal(t, got.Runtime.SHA256, hashes[got.Runtime.Path])
	if variant == "" {
		t.Skip("this llama.cpp has one build for every processor")
	}
	chosen := filepath.Join(folder, "libggml-cpu-"+variant+".so")
	assert.Len(t, hashes[chosen], 64)

	file, err := os.OpenFile(chosen, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString("altered")
	require.NoError(t, err)
	require.NoError(t, file.Close())
	got = probe()
	require.ErrorContains(t, got.Err, chosen+" was altered since it was installed")

	require.NoError(t, os.Remove(chosen))
	got = probe()
	require.NoError(t, got.Err, "what is not there is not loaded")
	assert.NotEqual(t, variant, got.Runtime.CPUVariant)
}
