package mlx

import (
	"slices"
)

// Memory is what MLX's allocator counts, in bytes. On Metal it counts whole
// buffers, rounded up to 16 KiB above a page.
type Memory struct {
	// Active is held by arrays, Peak the most that was, Cache what is kept for reuse.
	Active, Peak, Cache int64
}

// Memory answers the allocator's counters.
func (s *Scope) Memory() Memory {
	return Memory{
		Active: s.counter(fnActiveMemory),
		Peak:   s.counter(fnPeakMemory),
		Cache:  s.counter(fnCacheMemory),
	}
}

func (s *Scope) counter(f fn) int64 {
	s.lib.size = 0
	if status := s.lib.call(f, ptr(&s.lib.size)); int32(status) != 0 {
		s.Fail(s.lib.failure(f))
	}
	return int64(s.lib.size)
}

// ResetPeak makes the peak 0, whatever is active: it is what is active from the next
// allocation on.
func (s *Scope) ResetPeak() { s.plain(fnResetPeakMemory) }

// ClearCache gives the memory kept for reuse back to the system.
func (s *Scope) ClearCache() { s.plain(fnClearCache) }

// Synchronize waits until everything that was started is done.
func (s *Scope) Synchronize() { s.plain(fnSynchronize, s.lib.stream) }

func (s *Scope) plain(f fn, args ...uintptr) {
	if s.err != nil {
		return
	}
	if status := s.lib.call(f, args...); int32(status) != 0 {
		s.err = s.lib.failure(f)
	}
}

// DeviceInfo is what MLX says of the device that operations run on; what it does not
// say is empty or 0. The keys are those of mlx/backend/metal/device_info.cpp and
// mlx/backend/cpu/device_info.cpp, MLX 0.32.
type DeviceInfo struct {
	Name, Architecture string
	// WorkingSet is how much memory Metal recommends to use, in bytes.
	WorkingSet int64
}

// DeviceInfo asks for it.
func (s *Scope) DeviceInfo() (d DeviceInfo) {
	if s.err != nil {
		return d
	}
	device := s.lib.call(fnDeviceNewType, uintptr(slices.Index(devices, s.lib.Device)), 0)
	defer s.lib.call(fnDeviceFree, device)
	info := &[1]uintptr{s.lib.call(fnDeviceInfoNew)}
	defer func() { s.lib.call(fnDeviceInfoFree, info[0]) }()
	if status := s.lib.call(fnDeviceInfoGet, ptr(&info[0]), device); int32(status) != 0 {
		s.err = s.lib.failure(fnDeviceInfoGet)
		return d
	}
	// A status of 2 says that the device has no such entry; what it points to is info's.
	text := func(name string) string {
		key, value := cString(name), new([1]*byte)
		if status := s.lib.call(fnDeviceInfoString, ptr(&value[0]), info[0], ptr(&key[0])); int32(status) != 0 || value[0] == nil {
			return ""
		}
		return goString(value[0])
	}
	d.Name, d.Architecture = text("device_name"), text("architecture")
	key := cString("max_recommended_working_set_size")
	s.lib.size = 0
	s.lib.call(fnDeviceInfoSize, ptr(&s.lib.size), info[0], ptr(&key[0]))
	d.WorkingSet = int64(s.lib.size)
	return d
}

// SetWiredLimit keeps up to limit bytes resident and answers the former limit.
func (s *Scope) SetWiredLimit(limit int64) int64 {
	if s.err != nil {
		return 0
	}
	s.lib.size = 0
	if status := s.lib.call(fnSetWiredLimit, ptr(&s.lib.size), uintptr(limit)); int32(status) != 0 {
		s.err = s.lib.failure(fnSetWiredLimit)
	}
	return int64(s.lib.size)
}
