package harness_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/dylib"
	"assay/results"
)

// early passes everything on to the real library, but the first wait after each step
// returns at once: the device is still at work then.
const early = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
typedef struct { uint64_t words[7]; } batch; /* struct llama_batch, passed on the stack */
static int began;
int32_t llama_decode(void *ctx, batch b) {
	int32_t (*real)(void *, batch) = dlsym(RTLD_NEXT, "llama_decode");
	began = 1;
	return real(ctx, b);
}
void llama_synchronize(void *ctx) {
	void (*real)(void *) = dlsym(RTLD_NEXT, "llama_synchronize");
	if (began) { began = 0; return; }
	real(ctx);
}
`

// TestStepThatReturnsEarly runs TestEarlySteps with a library whose steps end before the
// device has, and with the library as it is.
func TestStepThatReturnsEarly(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil || runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("needs a C compiler (cc) on linux/amd64 to build a library with")
	}
	from := deviceLibrary(t)
	real := dylib.Here().Match(from, "llama")
	require.NotEmpty(t, real)
	file, err := elf.Open(real)
	require.NoError(t, err)
	names, err := file.DynString(elf.DT_SONAME)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	folder, byName := t.TempDir(), t.TempDir()
	parts, err := filepath.Glob(filepath.Join(from, "libggml*"))
	require.NoError(t, err)
	for _, part := range parts {
		require.NoError(t, os.Symlink(part, filepath.Join(folder, filepath.Base(part))))
	}
	for _, name := range names {
		require.NoError(t, os.Symlink(real, filepath.Join(byName, name)))
	}
	code, path := filepath.Join(folder, "early.c"), filepath.Join(folder, "libllama.v0.5.0.so")
	require.NoError(t, os.WriteFile(code, []byte(early), 0o644))
	out, err := exec.CommandContext(t.Context(), cc, "-shared", "-fPIC", "-o", path, code, "-Wl,--no-as-needed", real,
		"-Wl,-rpath,"+byName+":"+from).CombinedOutput()
	require.NoError(t, err, string(out))
	runWithDevices(t, "^TestEarlySteps$", "0", "ASSAY_LLAMA_LIB="+folder, "ASSAY_TEST_EARLY=1")
	runWithDevices(t, "^TestEarlySteps$", "0", "ASSAY_TEST_EARLY=0")
}

// TestEarlySteps: a clock that stops before the device is refused, one that does not has
// its samples.
func TestEarlySteps(t *testing.T) {
	if os.Getenv("ASSAY_TEST_EARLY") == "" {
		t.Skip("TestStepThatReturnsEarly runs it in a process of its own")
	}
	engine := onDeviceEngine(t)
	_, run, path := onDeviceModel(t, "qwen2.5-0.5b")
	c := deviceCase(run)
	c.Kind, c.FlashAttn, c.NCtx, c.NPrompt, c.NGen, c.NUbatch = results.KindPrefill, "off", 256, 32, 0, 32
	session, err := engine.Load(t.Context(), path, c)
	require.NoError(t, err)
	defer session.Close()
	samples := 0
	_, err = session.Time(t.Context(), c, 1, func(time.Duration) { samples++ })
	if os.Getenv("ASSAY_TEST_EARLY") == "1" {
		require.ErrorContains(t, err, "its steps returned early")
		assert.Zero(t, samples)
		t.Log(err)
		return
	}
	require.NoError(t, err)
	assert.Equal(t, 1, samples)
}
