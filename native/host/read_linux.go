package host

import (
	"context"
	"fmt"
	"os"
	"runtime"
)

// Read describes this machine. What cannot be read is absent; the error means
// that not even the memory's size was found.
func Read(ctx context.Context) (Info, error) {
	info, err := readLinux(os.DirFS("/"), os.Getpid())
	info.OS, info.Arch, info.Cores = runtime.GOOS, runtime.GOARCH, runtime.NumCPU()
	if err != nil {
		return info, err
	}
	return info, ctx.Err()
}

// Footprint answers what a process takes. The error is of the file system
// (fs.ErrNotExist for a process that is gone).
func Footprint(pid int) (Usage, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Usage{}, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	usage, err := linuxUsage(status)
	if err != nil {
		return Usage{}, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	return usage, nil
}
