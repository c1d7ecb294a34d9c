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
