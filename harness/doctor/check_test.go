package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/harness/worker"
	"assay/native/llama"
	"assay/results"
)

// TestMain lets the test binary be its own worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		if worker.Work(context.Background(), os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// slow are experiments that take over a second, tried by 'scripts/test --all'.
var slow = []string{"loaded", "attention", "host", "quantised", "memory"}

// TestCheck tries what is assumed on this machine: all of it holds, or is not here with
// a reason.
func TestCheck(t *testing.T) {
	d, err := Diagnose(t.Context())
	require.NoError(t, err)
	if !d.Usable() {
		t.Skip("needs a runtime; assay libs install")
	}
	b, err := newBench()
	require.NoError(t, err)
	list := machineExperiments()
	for _, p := range d.Runtimes {
		list = append(list, b.ofRuntime(p)...)
	}
	seen := map[string]bool{}
	for _, e := range list {
		key := e.part + " " + e.name
		assert.False(t, seen[key], "%s: twice", key)
		seen[key] = true
		assert.NotEmpty(t, e.assumed, key)
		if os.Getenv("ASSAY_ALL") == "" && slices.Contains(slow, e.name) {
			continue
		}
		f := e.try(t.Context())
		assert.NotEqual(t, Broken, f.Verdict, "%s: %s", key, f.Why)
		if f.Verdict == NotHere {
			assert.NotEmpty(t, f.Why, key)
			if e.name == "recurrent states" { // which every runtime has skeletons of
				assert.Contains(t, f.Why, "software", key)
			}
			t.Logf("%s: not here: %s", key, f.Why)
		}
	}
}

// A finding that must not hold does not.
func TestJudgeSeesWhatIsWrong(t *testing.T) {
	good, bad := runtime.Equals("n", 1, 1), runtime.Equals("n", 1, 2)
	for _, tt := range []struct {
		name     string
		readings []runtime.Reading
		err      error
		want     Verdict
		why      string
	}{
		{"all right", []runtime.Reading{good}, nil, Held, ""},
		{"one wrong", []runtime.Reading{good, bad}, nil, Broken, "n: expected 1, seen 2"},
		{"nothing", nil, nil, Broken, "nothing was read"},
		{"failed", nil, errors.New("the worker was ended by SIGABRT"), Broken, "SIGABRT"},
		{"not here", nil, fmt.Errorf("x: %w", runtime.NotHere("no device")), NotHere, "no device"},
	} {
		f := Finding{}
		f.judge(tt.readings, tt.err)
		assert.Equal(t, tt.want, f.Verdict, tt.name)
		assert.Contains(t, f.Why, tt.why, tt.name)
	}
}

// Of a Mac every reading must be there and make sense; elsewhere what there is.
func TestHostReadingsSeeWhatIsWrong(t *testing.T) {
	mac := results.Host{
		OS: "darwin", OSVersion: "26.1", OSBuild: "25B78", Chip: "Apple M4 Pro", Cores: 12, GPUCores: new(16), MemoryBytes: 24 << 30,
		FreeMemoryBytes: new(int64(12 << 30)), SwapUsedBytes: new(int64(0)), LoadAverage: new(1.5), Power: "ac",
		LowPowerMode: new(false), Thermal: "nominal",
	}
	wrong := func(h results.Host) (names []string) {
		for _, r := range hostReadings(h) {
			if !r.Held {
				names = append(names, r.What)
			}
		}
		return names
	}
	assert.Empty(t, wrong(mac))
	assert.Empty(t, wrong(results.Host{OS: "linux", OSVersion: "12", Chip: "Xeon", Cores: 2, MemoryBytes: 8 << 30,
		FreeMemoryBytes: new(int64(1 << 30)), LoadAverage: new(0.5)}), "a container has neither power nor heat")
	for name, plant := range map[string]func(*results.Host){
		"chip":            func(h *results.Host) { h.Chip = "" },
		"cores":           func(h *results.Host) { h.Cores = 0 },
		"bytes of memory": func(h *results.Host) { h.MemoryBytes, h.FreeMemoryBytes = 12<<20, new(int64(1)) },
		"free memory":     func(h *results.Host) { h.FreeMemoryBytes = new(int64(48 << 30)) },
		"swap in use":     func(h *results.Host) { h.SwapUsedBytes = nil },
		"load":            func(h *results.Host) { h.LoadAverage = new(-1.0) },
		"power":           func(h *results.Host) { h.Power = "" },
		"heat":            func(h *results.Host) { h.Thermal = "warm" },
		"low power mode":  func(h *results.Host) { h.LowPowerMode = nil },
		"GPU cores":       func(h *results.Host) { h.GPUCores = new(0) },
		"system":          func(h *results.Host) { h.OSVersion = "" },
	} {
		h := mac
		plant(&h)
		assert.Equal(t, []string{name}, wrong(h))
	}
}

// A program of an old SDK is seen on a Mac, and is nothing elsewhere.
func TestProgramReadings(t *testing.T) {
	_, err := programReadings("linux", "")
	_, none := runtime.WhyNotHere(err)
	assert.True(t, none)
	for sdk, held := range map[string]bool{"26.2": true, "12.0": false, "": false} {
		readings, err := programReadings("darwin", sdk)
		require.NoError(t, err)
		assert.Equal(t, held, readings[0].Held, sdk)
	}
}

// A figure that is one off is a check that did not hold, through the whole of a case.
func TestCaseReadingsSeeWhatIsWrong(t *testing.T) {
	rec := results.Record{Case: usual(), Residual: &results.Residual{}, Measured: &results.Measured{FlashAttn: new(false)},
		Checks: []results.Check{{Name: "flops predicted = executed", OK: false, Detail: "predicted 2, executed 3"}}}
	f, err := subject.Facts(t.Context(), "preset:"+dense().preset)
	require.NoError(t, err)
	readings, err := caseExperiment{}.readings(rec, f)
	require.NoError(t, err)
	assert.False(t, readings[0].Held)
	assert.Equal(t, "predicted 2, executed 3", readings[0].Seen)
	assert.False(t, flashForetold(rec, f)[0].Held, "off, where the processor has every kernel")
	assert.False(t, onHost(rec, f)[0].Held, "no cache was found")
	rec.Measured.KVLayers = []results.KVLayer{{Device: "MTL0"}}
	assert.False(t, onHost(rec, f)[1].Held)
	rec.NotPredicted = "no rule"
	_, err = caseExperiment{}.readings(rec, f)
	assert.ErrorContains(t, err, "no rule")
}

// A library without the kernels of this processor is slow, and seen.
func TestSlowLibraryIsSeen(t *testing.T) {
	if os.Getenv("ASSAY_ALL") == "" {
		t.Skip("multiplies slowly for 15 s: scripts/test --all")
	}
	path, err := llama.Find()
	if err != nil {
		t.Skipf("needs llama.cpp: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	slowly, kernels := t.TempDir(), 0
	for _, e := range entries {
		cpu := strings.HasPrefix(e.Name(), "libggml-cpu-")
		if cpu {
			kernels++
		}
		if !cpu || strings.HasSuffix(e.Name(), "-x64.so") {
			require.NoError(t, os.Symlink(filepath.Join(filepath.Dir(path), e.Name()), filepath.Join(slowly, e.Name())))
		}
	}
	if kernels < 2 {
		t.Skip("this library has one set of kernels only")
	}
	t.Setenv(llama.Spec().Env, slowly)
	assert.Equal(t, Broken, tried(t, llamacpp.Runtime{}, "loaded").Verdict)
}

// tried is one of a runtime's own experiments, made.
func tried(t *testing.T, rt runtime.Runtime, name string) Finding {
	t.Helper()
	b, err := newBench()
	require.NoError(t, err)
	for _, e := range b.trials(rt) {
		if e.name == name {
			f := e.try(t.Context())
			t.Logf("%+v", f.Readings)
			return f
		}
	}
	t.Fatalf("no experiment %q", name)
	return Finding{}
}

// A case whose skeleton cannot be written is no case that is not here: nothing was tried.
func TestRunCaseFailsWithoutASkeleton(t *testing.T) {
	b, err := newBench()
	require.NoError(t, err)
	rt, err := runtimes.Named(results.MLX)
	require.NoError(t, err)
	latent := model{preset: "deepseek-v3", skeleton: runtime.SkeletonKV, weights: "f32", layers: 2}
	_, err = b.runCase(t.Context(), rt, results.Runtime{}, caseExperiment{model: latent, change: func(*results.Case, int) {}})
	require.ErrorContains(t, err, "latent")
	_, notHere := runtime.WhyNotHere(err)
	assert.False(t, notHere)
}
