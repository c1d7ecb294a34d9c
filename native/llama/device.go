package llama

import (
	"fmt"
	"path/filepath"
	"strings"
	"unsafe"

	"assay/native/dylib"
)

// Device is one processor that a backend offers.
type Device struct {
	Name        string
	Description string
	// Type is "CPU", "GPU", "IGPU", "ACCEL" or "META".
	Type string
	// MemoryFree and MemoryTotal are bytes, as the backend reports them.
	MemoryFree, MemoryTotal uint64
}

// noVulkanDevice is what the Vulkan backend prints when it takes none
// (ggml_vk_instance_init, ggml-vulkan.cpp of v0.5.0): it skips devices in
// software unless GGML_VK_VISIBLE_DEVICES names them.
const noVulkanDevice = "ggml_vulkan: No devices found"

// ParseUnused says why a backend that was loaded offers no device; "" where none
// was left without.
func ParseUnused(lines []Line) string {
	for _, line := range lines {
		if strings.HasPrefix(line.Text, noVulkanDevice) {
			return "the Vulkan backend found no device; it skips one in software (llvmpipe) unless GGML_VK_VISIBLE_DEVICES=0"
		}
	}
	return ""
}

// UnusedDevice says why a backend of this library offers no device; "" otherwise.
func (l *Library) UnusedDevice() string { return l.unused }

// deviceTypes are enum ggml_backend_dev_type of ggml-backend.h, alike in all
// releases but for META, which b6673 lacks.
var deviceTypes = []string{"CPU", "GPU", "IGPU", "ACCEL", "META"}

// NoDeviceError says that the library came without a usable backend.
type NoDeviceError struct {
	Path string
	// Lines are the last that the library printed.
	Lines []string
}

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
