package host_test

import (
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"assay/native/host"
)

// In a process of its own, since the classes stay: all threads but the calling one
// are idle afterwards.
func TestYieldOthers(t *testing.T) {
	if os.Getenv("ASSAY_YIELD") == "" {
		runSelf(t, "TestYieldOthers", "ASSAY_YIELD=1")
		return
	}
	runtime.LockOSThread()
	require.NoError(t, host.YieldOthers())
	tasks, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	others := 0
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		require.NoError(t, err)
		attr, err := unix.SchedGetAttr(id, 0)
		require.NoError(t, err)
		if id == unix.Gettid() {
			assert.EqualValues(t, unix.SCHED_NORMAL, attr.Policy)
			continue
		}
		others++
		assert.EqualValues(t, unix.SCHED_IDLE, attr.Policy, task.Name())
	}
	assert.Positive(t, others)
}

func runSelf(t *testing.T, test, env string) {
	self, err := os.Executable()
	require.NoError(t, err)
	p, err := os.StartProcess(self, []string{self, "-test.run=^" + test + "$"}, &os.ProcAttr{
		Env: append(os.Environ(), env), Files: []*os.File{nil, os.Stdout, os.Stderr},
	})
	require.NoError(t, err)
	state, err := p.Wait()
	require.NoError(t, err)
	require.True(t, state.Success())
}
