package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// Read describes this machine. What cannot be read is absent; the error means
// that not even the memory's size was found.
func Read(ctx context.Context) (Info, error) {
	info, err := readMacOS(ctx, execute, os.Getpid())
	info.OS, info.Arch = runtime.GOOS, runtime.GOARCH
	if priority, err := unix.Getpriority(prioDarwinProcess, 0); err == nil {
		info.Background = ptr(priority != 0)
	}
	if info.Cores == 0 {
		info.Cores = runtime.NumCPU()
	}
	return info, err
}

// prioDarwinProcess is PRIO_DARWIN_PROCESS of sys/resource.h: 1 is answered for
// a process in the background, as launchd's ProcessType Background starts one.
const prioDarwinProcess = 4

func execute(ctx context.Context, name string, args ...string) (string, error) {
	answer, err := exec.CommandContext(ctx, name, args...).Output()
	return string(answer), err
}

// rusageInfoV4 is RUSAGE_INFO_V4 of sys/resource.h.
const rusageInfoV4 = 4

// procPidRusage looks proc_pid_rusage of libSystem up, once.
var procPidRusage = sync.OnceValues(func() (uintptr, error) {
	system, err := purego.Dlopen("/usr/lib/libSystem.B.dylib", purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return 0, err
	}
	return purego.Dlsym(system, "proc_pid_rusage")
})

// Footprint answers what a process takes. It can be asked of processes of the
// same user.
func Footprint(pid int) (Usage, error) {
	fn, err := procPidRusage()
	if err != nil {
		return Usage{}, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	rusage := make([]byte, 512) // struct rusage_info_v4 has 296
	status, _, errno := purego.SyscallN(fn, uintptr(pid), rusageInfoV4, uintptr(unsafe.Pointer(&rusage[0])))
	if int32(status) != 0 {
		return Usage{}, fmt.Errorf("reading the memory of process %d: proc_pid_rusage failed (errno %d)", pid, errno)
	}
	return macOSUsage(rusage), nil
}
