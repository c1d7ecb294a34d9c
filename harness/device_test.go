package harness_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/libs"
	"assay/harness/llamacpp"
	"assay/harness/record"
	host "assay/harness/runtime"
	"assay/harness/skeleton"
	"assay/harness/subject"
	"assay/harness/worker/workertest"
	"assay/predict/arch"
	"assay/predict/backend"
	family "assay/predict/family/llamacpp"
	"assay/predict/source"
	"assay/results"
)

// onDevice marks the process that runs the device's cases: a process holds one
// library, and this one's has a device.
const onDevice = "ASSAY_TEST_ON_DEVICE"

// deviceCases are what the device's cases change, one after the other, of a model.
var deviceCases = []struct {
	name    string
	presets string // that it is made for
	change  func(c *results.Case, layers int)
}{
	{"all layers", "", func(*results.Case, int) {}},
	{"no layer", "qwen2.5-0.5b gpt-oss-20b deepseek-v2-lite", func(c *results.Case, _ int) { c.NGPULayers = 0 }},
	{"no layer, no op offload", "qwen2.5-0.5b", func(c *results.Case, _ int) { c.NGPULayers, c.NoOpOffload = 0, true }},
	{"the head", "qwen2.5-0.5b", func(c *results.Case, _ int) { c.NGPULayers = 1 }},
	{"half", "", func(c *results.Case, layers int) { c.NGPULayers = layers / 2 }},
	{"half, two sequences", "qwen2.5-0.5b lfm2-1.2b", func(c *results.Case, layers int) { c.NGPULayers, c.NSeq, c.NPrompt = layers/2, 2, 16 }},
	{"all but the first", "qwen2.5-0.5b", func(c *results.Case, layers int) { c.NGPULayers = layers }},
	{"cache on the host", "qwen2.5-0.5b gpt-oss-20b", func(c *results.Case, _ int) { c.NoKVOffload = true }},
	{"no flash attention, cache on the host", "qwen2.5-0.5b deepseek-v2-lite",
		func(c *results.Case, _ int) { c.NoKVOffload, c.FlashAttn = true, "off" }},
	{"no flash attention, half", "qwen2.5-0.5b", func(c *results.Case, layers int) { c.FlashAttn, c.NGPULayers = "off", layers/2 }},
	{"q8_0", "qwen2.5-0.5b", func(c *results.Case, _ int) { c.TypeK, c.TypeV = "q8_0", "q8_0" }},
	{"q4_0, half", "qwen2.5-0.5b", func(c *results.Case, layers int) { c.TypeK, c.TypeV, c.NGPULayers = "q4_0", "q4_0", layers/2 }},
	{"iq4_nl", "qwen2.5-0.5b", func(c *results.Case, _ int) { c.TypeK, c.TypeV = "iq4_nl", "iq4_nl" }},
	{"q8_0 keys, f16 values", "qwen2.5-0.5b", func(c *results.Case, _ int) { c.TypeK = "q8_0" }},
	{"f16 keys, q8_0 values", "qwen2.5-0.5b", func(c *results.Case, _ int) { c.TypeV = "q8_0" }},
	{"q8_0 keys, no flash attention", "qwen2.5-0.5b", func(c *results.Case, _ int) { c.TypeK, c.FlashAttn = "q8_0", "off" }},
	{"two unified", "qwen2.5-0.5b", func(c *results.Case, _ int) { c.NSeq, c.KVUnified, c.NPrompt = 2, true, 16 }},
}

// devicePresets are one model of each kind of cache; Gemma 3n, which shares caches, takes
// more than five minutes on a device in software.
var devicePresets = []string{"qwen2.5-0.5b", "gpt-oss-20b", "lfm2-1.2b", "qwen3-30b-a3b", "deepseek-v2-lite", "falcon-h1-7b"}

// fewLayers are enough to show a model's kinds of layer; a device in software is
// slow.
var fewLayers = map[string]int{"qwen2.5-0.5b": 4, "gpt-oss-20b": 3, "lfm2-1.2b": 4, "qwen3-30b-a3b": 3,
	"deepseek-v2-lite": 3, "falcon-h1-7b": 3}

// wideHeads reports heads over 64: llvmpipe takes minutes to compile flash attention
// for them.
func wideHeads(f arch.Facts) bool {
	return slices.ContainsFunc(f.Layers, func(l arch.Layer) bool { return l.Attention != nil && l.Attention.KeyDim > 64 })
}

// deviceLibrary is the folder of a library with a device, "" where the search
// finds one by itself.
func deviceLibrary(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "darwin" {
		return ""
	}
	in, err := libs.New(os.Stderr)
	require.NoError(t, err)
	folder := in.DeviceFolder(libs.Pinned(), libs.Vulkan)
	if _, err := os.Stat(folder); err != nil {
		leaveOut(t, "no library with a device; 'assay libs install --device vulkan' gets one")
	}
	return folder
}

// leaveOut skips the device's tests, and fails where they may not be left out.
func leaveOut(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" && runtime.GOOS == "linux" {
		t.Fatalf("the device's tests were left out: %s", why)
	}
	t.Skipf("the device's tests were left out: %s", why)
}

// TestDevice runs TestDeviceCases in a process whose library has a device, on
// Linux one in software.
func TestDevice(t *testing.T) {
	runWithDevices(t, "^TestDeviceCases$", "0")
}

// runWithDevices runs a test in a process whose library has these of Vulkan's devices.
func runWithDevices(t *testing.T, test, visible string, env ...string) {
	workertest.NeedLlama(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", test, "-test.v", "-test.timeout", "30m")
	cmd.Env = append(os.Environ(), onDevice+"=1", "GGML_VK_VISIBLE_DEVICES="+visible, "ASSAY_TEST_SKELETONS="+skeletons)
	if folder := deviceLibrary(t); folder != "" {
		cmd.Env = append(cmd.Env, "ASSAY_LLAMA_LIB="+folder)
	}
	cmd.Env = append(cmd.Env, env...)
	said, err := cmd.CombinedOutput()
	var lines []string
	for line := range strings.Lines(string(said)) {
		if strings.Contains(line, "_test.go:") || strings.HasPrefix(strings.TrimSpace(line), "---") || strings.Contains(line, "Error") {
			lines = append(lines, line)
		}
	}
	t.Log("\n" + strings.Join(lines, ""))
	if strings.Contains(string(said), "no device:") {
		leaveOut(t, "the library sees no device; install mesa-vulkan-drivers and libvulkan1")
	}
	require.NoError(t, err, "%s", said[max(0, len(said)-4000):])
}

// TestDeviceCases: every check of a case holds wherever its layers lie. It names no
// backend: on a Mac the same cases run on Metal.
func TestDeviceCases(t *testing.T) {
	engine := onDeviceEngine(t)
	for _, preset := range devicePresets {
		t.Run(preset, func(t *testing.T) { runOnDevice(t, engine, preset) })
	}
}

// onDeviceEngine opens the library in a process that runWithDevices started.
func onDeviceEngine(t *testing.T) host.Engine {
	t.Helper()
	if os.Getenv(onDevice) == "" {
		t.Skip("another test runs it in a process of its own")
	}
	engine, err := llamacpp.Runtime{}.Open()
	require.NoError(t, err)
	if len(engine.Describe().GPUs()) == 0 {
		t.Skipf("no device: %v", engine.Devices())
	}
	t.Log(engine.Devices())
	return engine
}

func runOnDevice(t *testing.T, engine host.Engine, preset string) {
	f, run, path := onDeviceModel(t, preset)
	for _, v := range deviceCases {
		if v.presets != "" && !slices.Contains(strings.Fields(v.presets), preset) {
			continue
		}
		c := deviceCase(run)
		v.change(&c, len(run.Layers))
		rec := holdsOnDevice(t, engine, subject.Item{Runtime: llamacpp.Name, Ref: path, WeightType: deviceWeights, Case: c, Facts: f, Run: run},
			v.name)
		if rec != nil {
			holdsTable(t, f, *rec, v.name)
		}
	}
}

// onDeviceModel writes a skeleton of some layers of the preset.
func onDeviceModel(t *testing.T, preset string) (f, run arch.Facts, path string) {
	t.Helper()
	f, err := source.Load(t.Context(), "preset:"+preset, source.Options{})
	require.NoError(t, err)
	if layers := fewLayers[preset]; layers > 0 {
		f.Layers = f.Layers[:layers]
	}
	run = family.KVFaithful(f)
	path = filepath.Join(t.TempDir(), skeleton.Name(run, deviceWeights)+".gguf")
	require.NoError(t, skeleton.WriteGGUF(t.Context(), path, run, family.TypePlan{Matrices: deviceWeights}, nil))
	return f, run, path
}

// deviceCase is a small one, without flash attention where it takes minutes to compile.
func deviceCase(run arch.Facts) results.Case {
	c := results.Case{Kind: results.KindKV, NCtx: 512, NPrompt: 32, NGen: 2, NBatch: 512, NUbatch: 128, NSeq: 1,
		TypeK: "f16", TypeV: "f16", FlashAttn: "auto", NThreads: 1, NGPULayers: 99}
	if wideHeads(run) {
		c.FlashAttn = "off"
	}
	return c
}

// holdsOnDevice observes the case and wants every check to hold; nil where it did not run.
func holdsOnDevice(t *testing.T, engine host.Engine, it subject.Item, name string) *results.Record {
	t.Helper()
	began := time.Now()
	m, checks := observed(t, engine, it.Ref, it.Case, name)
	if m == nil {
		return nil
	}
	rec := results.Record{Runtime: engine.Describe(), Case: it.Case, Measured: m, Checks: checks}
	record.Predict(&rec, it)
	if !assert.NotNil(t, rec.Residual, "%s: nothing was predicted: %s", name, rec.NotPredicted) {
		return nil
	}
	for _, check := range rec.Checks {
		assert.True(t, check.OK, "%s: %s: %s", name, check.Name, check.Detail)
	}
	if !assert.NotNil(t, m.Placement, "%s: where it ran is not known", name) {
		return nil
	}
	holdsMemory(t, m, name)
	t.Logf("%-40s %2d checks, %4.1f s, %s", name, len(rec.Checks), time.Since(began).Seconds(), m.Placement)
	return &rec
}

// holdsTable holds what the backend's table says of a model that lies whole on the
// device against what ran: whether attention is flash, and whether on the processor.
func holdsTable(t *testing.T, f arch.Facts, rec results.Record, name string) {
	t.Helper()
	table, ok := backend.Of(rec.Runtime.Device)
	attention := slices.IndexFunc(f.Layers, func(l arch.Layer) bool { return l.Attention != nil && l.Attention.MLA == nil })
	if !ok || attention < 0 || rec.Case.NGPULayers < 99 || rec.Case.NoKVOffload || rec.Measured.FlashAttn == nil {
		return
	}
	a, c := f.Layers[attention].Attention, rec.Case
	want := table.Attention(backend.Question{KeyHead: a.KeyDim, ValueHead: a.ValueDim, TypeK: c.TypeK, TypeV: c.TypeV, Flash: c.FlashAttn})
	ran := rec.Measured.Placement.FellBack
	assert.Equal(t, want.Flash, *rec.Measured.FlashAttn, "%s: flash attention: %s", name, want.Because)
	assert.Equal(t, want.OnCPU, ran["FLASH_ATTN_EXT"]+ran["MUL_MAT"] > 0, "%s: attention on the CPU: %s", name, want.Because)
}

// holdsMemory sets the cache of each device as its tensors have it beside what the
// library printed of that device, and wants to know what the device had free.
func holdsMemory(t *testing.T, m *results.Measured, name string) {
	t.Helper()
	caches := map[string]int64{}
	for _, l := range m.KVLayers {
		caches[l.Device] += l.KBytes + l.VBytes
	}
	for device, bytes := range caches {
		said := m.Memory.Devices[device]
		if assert.NotNil(t, said, "%s: %s", name, device) && assert.NotNil(t, said.KVBytes, "%s: %s", name, device) {
			assert.InDelta(t, bytes, *said.KVBytes, 4*results.LogRounding, "%s: %s", name, device)
			assert.NotNil(t, said.Free, "%s: %s", name, device)
		}
	}
}

// deviceWeights is a type that a device multiplies; zeros do, as sizes do not
// depend on weights.
const deviceWeights = "f16"

// observed runs the case in this process: the device's kernels are compiled once.
func observed(t *testing.T, engine host.Engine, path string, c results.Case, name string) (*results.Measured, []results.Check) {
	t.Helper()
	session, err := engine.Load(context.Background(), path, c)
	if !assert.NoError(t, err, name) {
		return nil, nil
	}
	defer session.Close()
	m, checks, err := session.Observe(context.Background(), c)
	if !assert.NoError(t, err, name) {
		return nil, nil
	}
	return m, checks
}
