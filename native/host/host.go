// Package host reads what the machine is and what state it is in: chip,
// memory, power, heat, load, and what a process takes. It must not know what a
// reading is used for; in particular it judges nothing.
package host

// Info is one reading. What could not be read is absent (nil or "").
type Info struct {
	Name string
	// OS and Arch are Go's names (darwin, arm64); OSVersion the system's own.
	OS, OSVersion, Arch string
	// OSBuild is the system's build, which changes within a version: 25G83, or on
	// Linux the kernel's release and build.
	OSBuild string
	// Chip is the processor's name, such as "Apple M4 Pro".
	Chip string
	// Cores are logical ones; PerformanceCores those of the faster kind.
	Cores            int
	PerformanceCores *int
	GPUCores         *int
	// MemoryBytes is what this process can use at most: the machine's memory or
	// its control group's limit.
	MemoryBytes int64
	// FreeMemoryBytes is what could be allocated without swapping.
	FreeMemoryBytes *int64
	SwapUsedBytes   *int64
	// Power is "ac" or "battery".
	Power        string
	LowPowerMode *bool
	// PowerMode is "low", "automatic" or "high" where the machine has a choice; on
	// Linux another profile's or governor's own word, too.
	PowerMode string
	// DisplayAsleep says that no display is lit; only macOS tells.
	DisplayAsleep *bool
	// Thermal is the pressure level: nominal, fair, serious, critical.
	Thermal string
	// CPUSpeedLimit is in per cent of full speed.
	CPUSpeedLimit *int
	// LoadAverage is over the last minute.
	LoadAverage *float64
	// GPUWiredLimitBytes is what was set as the most that the GPU may hold wired
	// (iogpu.wired_limit_mb of macOS); absent where the default holds.
	GPUWiredLimitBytes *int64
	// Background says that this process has macOS's background quality of
	// service, which keeps it on efficiency cores.
	Background *bool
	// Busy names the system's own housekeeping that is at work: Spotlight, Time
	// Machine, or on Linux the indexer's process.
	Busy []string
	// Largest is the largest process besides this one and those that it started.
	Largest *Process
}

// Process is another process on the machine. Its name is whatever that process
// calls itself.
type Process struct {
	Name  string
	Bytes int64 // resident
}

// Usage is the memory of one process.
type Usage struct {
	// Bytes is what the process holds and the system cannot drop: anonymous and
	// shared pages, swapped or compressed ones included, mapped files not (on
	// macOS ri_phys_footprint, on Linux RssAnon + RssShmem + VmSwap).
	Bytes int64
	// PeakBytes is the most that it ever held; on Linux the peak of the resident
	// set (VmHWM), mapped files included.
	PeakBytes *int64
}

func ptr[T any](v T) *T { return &v }
