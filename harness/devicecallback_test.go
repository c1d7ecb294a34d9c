package harness_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/llama"
)

// TestCallbackChangesNothing runs TestScheduledAlike in a process whose scheduler says
// what it does.
func TestCallbackChangesNothing(t *testing.T) {
	runWithDevices(t, "^TestScheduledAlike$", "0", "GGML_SCHED_DEBUG=2")
}

// TestScheduledAlike: with a callback on every node the scheduler makes the same splits
// of the same nodes on the same devices as without one, and so does it with one that
// waits for the experts' nodes.
func TestScheduledAlike(t *testing.T) {
	if os.Getenv("GGML_SCHED_DEBUG") == "" {
		t.Skip("TestCallbackChangesNothing runs it in a process of its own")
	}
	onDeviceEngine(t)
	path, err := llama.Find()
	require.NoError(t, err)
	lib, err := llama.Open(path)
	require.NoError(t, err)
	_, _, file := onDeviceModel(t, "qwen3-30b-a3b")
	half := 2
	model, err := lib.LoadModel(file, llama.ModelParams{NGPULayers: &half})
	require.NoError(t, err)
	defer model.Close()
	scheduled := func(see, chosen func(llama.Node)) []string {
		mark := lib.Log().Mark()
		c, err := model.NewContext(llama.ContextParams{NCtx: 256, NBatch: 64, NUbatch: 64, NThreads: 1, FlashAttn: llama.Off,
			Eval: see, Chosen: chosen})
		require.NoError(t, err)
		defer c.Close()
		require.NoError(t, c.Decode(make([]int32, 40)))
		require.NoError(t, c.DecodeOne(1))
		c.Synchronize()
		var lines []string
		for _, line := range lib.Log().Since(mark) {
			if strings.HasPrefix(line.Text, "node #") || strings.Contains(line.Text, "SPLIT #") {
				lines = append(lines, line.Text)
			}
		}
		return lines
	}
	plain := scheduled(nil, nil)
	nodes, experts := 0, 0
	require.Greater(t, len(plain), 100, "the scheduler says nothing")
	assert.Equal(t, plain, scheduled(func(llama.Node) { nodes++ }, nil))
	assert.Equal(t, plain, scheduled(func(llama.Node) {}, func(llama.Node) { experts++ }))
	assert.Greater(t, nodes, 100)
	assert.Positive(t, experts)
	t.Logf("%d lines of splits and nodes alike, %d nodes seen, %d waited for", len(plain), nodes, experts)
}
