package mlx

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

// RecommendedWorkingSet answers how much memory Metal recommends to use, or 0
// on a device that does not say.
func (s *Scope) RecommendedWorkingSet() int64 {
	if s.err != nil || s.lib.Device != "gpu" {
		return 0
	}
	device := s.lib.call(fnDeviceNewType, 1, 0)
	defer s.lib.call(fnDeviceFree, device)
	info := &[1]uintptr{s.lib.call(fnDeviceInfoNew)}
	defer func() { s.lib.call(fnDeviceInfoFree, info[0]) }()
	if status := s.lib.call(fnDeviceInfoGet, ptr(&info[0]), device); int32(status) != 0 {
		s.err = s.lib.failure(fnDeviceInfoGet)
		return 0
	}
	key := cString("max_recommended_working_set_size")
	s.lib.size = 0
	// A status of 2 says that the device has no such entry.
	s.lib.call(fnDeviceInfoSize, ptr(&s.lib.size), info[0], ptr(&key[0]))
	return int64(s.lib.size)
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
