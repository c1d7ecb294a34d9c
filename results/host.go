package results

import "strconv"

// Host is the machine and the state that it was in.
type Host struct {
	Name      string `json:"name,omitempty"`
	OS        string `json:"os"`
	OSVersion string `json:"os_version,omitempty"`
	// OSBuild is the system's build, which changes within a version (25C56, or the
	// release and build of Linux' kernel).
	OSBuild     string `json:"os_build,omitempty"`
	Arch        string `json:"arch"`
	Chip        string `json:"chip"`
	Cores       int    `json:"cores"`
	GPUCores    *int   `json:"gpu_cores,omitempty"`
	MemoryBytes int64  `json:"memory_bytes"`
	// Power is "ac", "battery" or "" where it is not known.
	Power        string `json:"power,omitempty"`
	LowPowerMode *bool  `json:"low_power_mode,omitempty"`
	// PowerMode is "low", "automatic" or "high" where the machine has a choice, or
	// Linux' own word for its profile or governor.
	PowerMode string `json:"power_mode,omitempty"`
	// DisplayAsleep says that no display was lit.
	DisplayAsleep *bool `json:"display_asleep,omitempty"`
	// Thermal is the pressure level before the case: nominal, fair, serious, critical.
	Thermal      string   `json:"thermal,omitempty"`
	ThermalAfter string   `json:"thermal_after,omitempty"`
	LoadAverage  *float64 `json:"load_average,omitempty"`
	// FreeMemoryBytes is what could be allocated without swapping.
	FreeMemoryBytes *int64 `json:"free_memory_bytes,omitempty"`
	SwapUsedBytes   *int64 `json:"swap_used_bytes,omitempty"`
	// GPUWiredLimitBytes is the limit that was set for what the GPU may hold
	// wired; absent where the system's default holds.
	GPUWiredLimitBytes *int64 `json:"gpu_wired_limit_bytes,omitempty"`
	// Background says that the run had background quality of service.
	Background *bool `json:"background,omitempty"`
	// Busy names the system's housekeeping that was at work, such as Spotlight.
	Busy []string `json:"busy,omitempty"`
	// LargestProcessBytes is what the largest process beside the run held.
	LargestProcessBytes *int64 `json:"largest_process_bytes,omitempty"`
	// Unfit lists the reasons why this machine was not fit to be measured.
	// A run with any is never used as a baseline.
	Unfit []string `json:"unfit,omitempty"`
}

// Machine names the machine that a series of runs belongs to: the host's name
// and its chip, as far as they are known, in printable ASCII.
func (h Host) Machine() string {
	name := h.Name
	switch {
	case name == "":
		name = h.Chip
	case h.Chip != "":
		name += " (" + h.Chip + ")"
	}
	ascii := strconv.QuoteToASCII(name)
	return ascii[1 : len(ascii)-1]
}
