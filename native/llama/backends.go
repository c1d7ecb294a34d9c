package llama

import (
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"

	"assay/native/dylib"
)

// NoDeviceError says that the library came without a usable backend.
type NoDeviceError struct {
	Path string
	// Lines are the last that the library printed.
	Lines []string
}

// UnusedDevice says why a backend of this library offers no device; "" otherwise.
func (l *Library) UnusedDevice() string { return l.unused }

func (e *NoDeviceError) Error() string {
	return fmt.Sprintf("%s: no backend (libggml-cpu) could be loaded from its folder or the place built into it; "+
		"reinstall the library%s", e.Path, quoteLines(e.Lines))
}

// Is reports that the error is dylib.ErrUnusable.
func (e *NoDeviceError) Is(target error) bool { return target == dylib.ErrUnusable }

// loadBackends looks in the library's own folder first, then where the library
// was told to look when it was built (distributions, Homebrew).
func (l *Library) loadBackends() error {
	folder := cString(filepath.Dir(l.path))
	call(l.fn.loadBackendsFrom, uintptr(unsafe.Pointer(folder)))
	if call(l.fn.devCount) == 0 {
		call(l.fn.loadBackends)
	}
	count := call(l.fn.devCount)
	if count == 0 {
		return &NoDeviceError{Path: l.path, Lines: l.log.Tail(5)}
	}
	for i := range count {
		l.devices = append(l.devices, l.device(call(l.fn.devGet, i)))
	}
	return nil
}

// FreeMemory is what each device says is free now, in bytes, by its name.
func (l *Library) FreeMemory() map[string]int64 {
	free := map[string]int64{}
	for i := range call(l.fn.devCount) {
		d := l.device(call(l.fn.devGet, i))
		free[d.Name] = int64(d.MemoryFree)
	}
	return free
}

func (l *Library) device(handle uintptr) Device {
	d := Device{
		Name:        goString(call(l.fn.devName, handle)),
		Description: strings.TrimSpace(goString(call(l.fn.devDescription, handle))),
	}
	if t := int(int32(call(l.fn.devType, handle))); t >= 0 && t < len(deviceTypes) {
		d.Type = deviceTypes[t]
	}
	memory := new([2]uint64)
	call(l.fn.devMemory, handle, uintptr(unsafe.Pointer(&memory[0])), uintptr(unsafe.Pointer(&memory[1])))
	d.MemoryFree, d.MemoryTotal = memory[0], memory[1]
	return d
}
