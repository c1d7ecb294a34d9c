package llama_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/llama"
)

// threadsNow counts the threads of this process.
func threadsNow(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(status), "Threads:")
	require.True(t, found)
	n, err := strconv.Atoi(strings.TrimSpace(strings.Split(rest, "\n")[0]))
	require.NoError(t, err)
	return n
}

// A context with threads of its own keeps them from its making to its end, bound to the
// cores of the mask.
func TestThreadsStayWithTheContext(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("counts threads in /proc/self, which only Linux has")
	}
	model := load(t, tiny, llama.ModelParams{})
	if maps, err := os.ReadFile("/proc/self/maps"); err == nil && strings.Contains(string(maps), "libgomp") {
		t.Skip("this build leaves its threads to OpenMP")
	}
	before := threadsNow(t)
	c, err := model.NewContext(llama.ContextParams{NCtx: 64, NThreads: 5, Threads: &llama.Threads{Poll: 0, CPUs: []int{0}}})
	require.NoError(t, err)
	with := threadsNow(t)
	assert.GreaterOrEqual(t, with, before+4)
	bound := func() (n int) {
		tasks, _ := os.ReadDir("/proc/self/task")
		for _, task := range tasks {
			status, err := os.ReadFile("/proc/self/task/" + task.Name() + "/status")
			if err == nil && strings.Contains(string(status), "Cpus_allowed_list:\t0\n") {
				n++
			}
		}
		return n
	}
	require.Eventually(t, func() bool { return bound() >= 4 }, 10*time.Second, 10*time.Millisecond,
		"each binds itself to core 0 when it begins")
	c.Close()
	assert.LessOrEqual(t, threadsNow(t), with-4)
}

func TestThreadsThatCannotBe(t *testing.T) {
	assert.NoError(t, llama.PossibleThreads(llama.Threads{Poll: 50}, "darwin", 8))
	assert.ErrorContains(t, llama.PossibleThreads(llama.Threads{CPUs: []int{1}}, "darwin", 8), "macOS binds no thread to a core")
	assert.ErrorContains(t, llama.PossibleThreads(llama.Threads{Strict: true}, "darwin", 8), "macOS binds no thread to a core")
	assert.ErrorContains(t, llama.PossibleThreads(llama.Threads{CPUs: []int{0, 8}}, "linux", 8),
		"-C names core 8, and this machine has 8, from 0 on")
	assert.NoError(t, llama.PossibleThreads(llama.Threads{CPUs: []int{0, 7}, Strict: true}, "linux", 8))
}
