package harness_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/record"
	"assay/harness/worker/workertest"
	"assay/results"
	"assay/results/logit"
)

// plantedKernels stands before ggml: what a graph is made of comes through it, and one
// operation, which ASSAY_TEST_FAULT names, is wrong. Prototypes are those of ggml.h.
const plantedKernels = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
typedef void *T;
#define REAL(name) dlsym(RTLD_NEXT, name)
static int is(const char *fault) { const char *f = getenv("ASSAY_TEST_FAULT"); return f && !strcmp(f, fault); }
T ggml_rms_norm(T c, T a, float eps) {
	T (*real)(T, T, float) = REAL("ggml_rms_norm");
	return real(c, a, is("norm") ? eps + 0.05f : eps);
}
T ggml_soft_max_ext(T c, T a, T mask, float scale, float bias) {
	T (*real)(T, T, T, float, float) = REAL("ggml_soft_max_ext");
	return real(c, a, mask, is("softmax") ? scale * 1.25f : is("nan") ? NAN : scale, bias);
}
T ggml_flash_attn_ext(T c, T q, T k, T v, T mask, float scale, float bias, float cap) {
	T (*real)(T, T, T, T, T, float, float, float) = REAL("ggml_flash_attn_ext");
	long long cells = ((long long *) k)[3]; /* ne[1] of struct ggml_tensor */
	if (is("mask") && cells > 256) mask = 0;
	return real(c, q, k, v, mask, is("flash") ? scale * 1.25f : scale, bias, cap);
}
T ggml_rope_ext(T c, T a, T b, T f, int n, int mode, int ctx, float base, float s, float e, float m, float fast, float slow) {
	T (*real)(T, T, T, T, int, int, int, float, float, float, float, float, float) = REAL("ggml_rope_ext");
	return real(c, a, b, f, n, mode, ctx, is("rope") ? base * 4 : base, s, e, m, fast, slow);
}
T ggml_swiglu_split(T c, T a, T b) {
	T (*real)(T, T, T) = REAL("ggml_swiglu_split");
	return is("gate") ? real(c, b, a) : real(c, a, b);
}
`

// kernelCases are what a planted library runs: with flash attention and without, and
// past 256 cells in small batches.
func kernelCases() []results.Case {
	off, flash := outputCase(), outputCase()
	flash.FlashAttn = "on"
	long := flash
	long.NPrompt, long.NGen, long.NUbatch = 300, 0, 64
	return []results.Case{off, flash, long}
}

// TestOutputOfAPlantedLibrary is run in a process of its own, with the library that
// the environment has put before the real one.
func TestOutputOfAPlantedLibrary(t *testing.T) {
	to := os.Getenv("ASSAY_TEST_RECORDS")
	if to == "" {
		t.Skip("runs inside another test only")
	}
	engine, file := llamaEngine(t), fault{preset: "qwen2.5-0.5b"}.write(t, 4)
	var records []results.Record
	for _, c := range kernelCases() {
		records = append(records, cameOut(t, engine, file, c))
	}
	text, err := json.Marshal(records)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, text, 0o600))
}

// planted are the records of a library with the fault, or of the sound one.
func planted(t *testing.T, library, fault string) []results.Record {
	to := filepath.Join(t.TempDir(), "records.json")
	command := exec.Command(os.Args[0], "-test.run=^TestOutputOfAPlantedLibrary$")
	command.Env = append(os.Environ(), "ASSAY_TEST_RECORDS="+to, "LD_PRELOAD="+library, "ASSAY_TEST_FAULT="+fault)
	out, err := command.CombinedOutput()
	require.NoError(t, err, string(out))
	text, err := os.ReadFile(to)
	require.NoError(t, err)
	var records []results.Record
	require.NoError(t, json.Unmarshal(text, &records))
	require.Len(t, records, len(kernelCases()))
	return records
}

// TestKernelsThatAreWrong: of a library of which one operation is wrong, what comes
// out has moved since the sound one, where it has: flash attention's faults leave
// attention without it as it was, which is found within the run as well.
func TestKernelsThatAreWrong(t *testing.T) {
	workertest.NeedLlama(t)
	cc, err := exec.LookPath("cc")
	if err != nil || goruntime.GOOS != "linux" {
		t.Skip("needs a C compiler (cc) on Linux, whose loader takes a library of ours first")
	}
	folder := t.TempDir()
	library := filepath.Join(folder, "planted.so")
	require.NoError(t, os.WriteFile(library+".c", []byte(plantedKernels), 0o600))
	out, err := exec.Command(cc, "-shared", "-fPIC", "-o", library, library+".c").CombinedOutput()
	require.NoError(t, err, string(out))
	sound := planted(t, library, "")
	for _, tt := range []struct {
		fault string
		// moved says which of kernelCases came out otherwise.
		moved [3]bool
	}{
		{"none", [3]bool{}},
		{"norm", [3]bool{true, true, true}},
		{"rope", [3]bool{true, true, true}},
		{"gate", [3]bool{true, true, true}},
		{"softmax", [3]bool{true, false, false}},
		{"flash", [3]bool{false, true, true}},
		{"mask", [3]bool{false, false, true}},
	} {
		records := planted(t, library, tt.fault)
		for i, rec := range records {
			g := logit.Agree(sound[i].Measured.Output, rec.Measured.Output, sound[i].Predicted.OutputNoise, rec.Predicted.OutputNoise)
			require.NotNil(t, g, tt.fault)
			assert.Equal(t, tt.moved[i], !g.Holds(), "%s, case %d: %s", tt.fault, i, g)
			if tt.fault == "mask" && i == 2 {
				assert.GreaterOrEqual(t, g.From, 256, "where the mask was lost")
				t.Log(g)
			}
		}
		within := records[1]
		record.CameOut(&within, records[:1])
		assert.Equal(t, tt.moved[0] == tt.moved[1], within.Checks[len(within.Checks)-1].OK, "%s: within the run", tt.fault)
	}
	nan := planted(t, library, "nan")[0]
	record.CameOut(&nan, nil)
	assert.Equal(t, results.StatusFailed, nan.Status)
}
