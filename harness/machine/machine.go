// Package machine describes this machine: what it is, the state that it is in, and
// whether it is fit to be measured. It does not know stores, nor how a run goes.
package machine

import (
	"context"
	"os"

	"assay/native/host"
	"assay/results"
)

// Read describes this machine and the state that it is in. What cannot be
// read is absent.
func Read(ctx context.Context) results.Host {
	// An error leaves what was read before it, which is all there is to record.
	info, _ := host.Read(ctx)
	h := results.Host{
		Name: info.Name, OS: info.OS, OSVersion: info.OSVersion, OSBuild: info.OSBuild, Arch: info.Arch,
		Chip: info.Chip, Cores: info.Cores, GPUCores: info.GPUCores,
		MemoryBytes: info.MemoryBytes, FreeMemoryBytes: info.FreeMemoryBytes, SwapUsedBytes: info.SwapUsedBytes,
		Power: info.Power, LowPowerMode: info.LowPowerMode, PowerMode: info.PowerMode, DisplayAsleep: info.DisplayAsleep, Thermal: info.Thermal,
		LoadAverage:        info.LoadAverage,
		GPUWiredLimitBytes: info.GPUWiredLimitBytes, Background: info.Background, Busy: info.Busy,
		Unfit: unfit(info),
	}
	if info.Largest != nil {
		h.LargestProcessBytes = &info.Largest.Bytes
	}
	return h
}

// Quieten puts this process's threads aside of the one that calls, and which a
// library is called from. Without it a timed pass meets those of Go's runtime on the
// cores that the library's own spin on.
func Quieten() error { return host.YieldOthers() }

// AddFootprint adds what this process takes, as far as the system says.
func AddFootprint(m *results.Memory) {
	u, err := host.Footprint(os.Getpid())
	if err != nil {
		return // absent is all there is to record
	}
	m.FootprintBytes, m.PeakFootprintBytes = &u.Bytes, u.PeakBytes
}
