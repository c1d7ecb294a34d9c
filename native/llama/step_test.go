package llama_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"assay/native/dylib"
	"assay/native/llama"
)

func TestStepFailed(t *testing.T) {
	require.NoError(t, llama.StepFailed(printed("llama_decode: all is well\n")))
	lines := []llama.Line{
		{Level: llama.LevelInfo, Text: "graph: nodes = 300"},
		{Level: llama.LevelError, Text: "ggml_metal_synchronize: error: command buffer 0 failed with status 5"},
		{Level: llama.LevelError, Text: "error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)"},
	}
	err := llama.StepFailed(lines)
	var lost *llama.StepError
	require.ErrorAs(t, err, &lost)
	require.Equal(t, "a step was lost on the device, whose results and time are worthless: "+
		"ggml_metal_synchronize: error: command buffer 0 failed with status 5; "+
		"error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)", err.Error())
}

func TestCompiled(t *testing.T) {
	require.Zero(t, llama.Compiled(printed("ggml_metal_library_init: loaded in 0.007 sec\n")))
	require.Equal(t, 2, llama.Compiled(printed(
		"ggml_metal_library_compile_pipeline: compiling pipeline: base = 'kernel_mul_mm_bf16_f32', name = 'kernel_mul_mm_bf16_f32_bci=0_bco=1'\n"+
			"ggml_metal_library_compile_pipeline: failed to compile pipeline: base = 'kernel_mul_mm_bf16_f32'\n"+
			"ggml_metal_library_compile_pipeline: compiling pipeline: base = 'kernel_rope_norm_f32', name = 'kernel_rope_norm_f32'\n")))
}

// onDevice marks the process whose library has a device.
const onDevice = "ASSAY_TEST_ON_DEVICE"

// TestStepsFinish: a device is still at work when a decode returns, and done after
// Synchronize: a clock that stops before it is seen.
func TestStepsFinish(t *testing.T) {
	if os.Getenv(onDevice) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestStepsFinish$", "-test.v")
		cmd.Env = append(os.Environ(), onDevice+"=1", "GGML_VK_VISIBLE_DEVICES=0")
		if runtime.GOOS != "darwin" { // whose library has a device anyway
			folder, err := dylib.Here().CacheFolder("llama.cpp-linux-x64-vulkan", llama.Pinned)
			require.NoError(t, err)
			if _, err := os.Stat(folder); err != nil {
				t.Skip("no library with a device; 'assay libs install --device vulkan' gets one")
			}
			cmd.Env = append(cmd.Env, "ASSAY_LLAMA_LIB="+folder)
		}
		said, err := cmd.CombinedOutput()
		require.NoError(t, err, string(said))
		t.Log(string(said[max(0, len(said)-500):]))
		return
	}
	lib := library(t)
	if len(lib.Devices()) < 2 {
		t.Skip("the library sees no device")
	}
	layers := 99
	c := newContext(t, load(t, tiny, llama.ModelParams{NGPULayers: &layers}), llama.ContextParams{NCtx: 512, NThreads: 1})
	prompt := make([]int32, 32)
	require.NoError(t, c.Decode(prompt)) // compiles
	c.Synchronize()
	var early, late time.Duration
	for range 5 {
		require.NoError(t, c.Decode(prompt))
		early += c.Unfinished()
		require.NoError(t, c.Decode(prompt))
		c.Synchronize()
		late += c.Unfinished()
	}
	t.Logf("unfinished after decode %s, after synchronising %s", early, late)
	require.Greater(t, early, 10*late)
}
