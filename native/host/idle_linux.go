package host

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// YieldOthers puts all threads of this process but the calling one under SCHED_IDLE:
// they run where nothing else wants a core. Threads that they make inherit it, those
// of the calling one do not. It is for a process whose caller is locked to its thread
// and whose library spins on every core.
func YieldOthers() error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return fmt.Errorf("threads of this process: %w", err)
	}
	var failed []error
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err != nil || id == unix.Gettid() {
			continue
		}
		attr := &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}
		if err := unix.SchedSetAttr(id, attr, 0); err != nil && !errors.Is(err, unix.ESRCH) { // it may have ended
			failed = append(failed, fmt.Errorf("thread %d: %w", id, err))
		}
	}
	return errors.Join(failed...)
}
