package machine

import (
	"fmt"

	"assay/native/host"
	"assay/results"
	"assay/results/figure"
)

// Limits beyond which a machine is not fit to be measured: those that mlx-bun
// publishes for its own benchmarks, the load relative to the cores where there
// are many, since a run's own threads are part of it.
const (
	maxSwapBytes    = 512 << 20
	minFreeShare    = 0.35
	minSpeedLimit   = 100 // per cent of full speed
	maxLoad         = 8.0
	maxLoadPerCore  = 2.0
	maxForeignBytes = 2 << 30
	thermalSerious  = "serious"
	thermalCritical = "critical"
)

// unfit lists why the machine is not fit to be measured, in sentences for
// people; it is empty for a fit one. What cannot be read is not held against it.
func unfit(i host.Info) []string {
	var out []string
	add := func(bad bool, format string, args ...any) {
		if bad {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(i.Power == "battery", "it runs on battery")
	add(i.LowPowerMode != nil && *i.LowPowerMode, "low power mode is on")
	add(i.Thermal == thermalSerious || i.Thermal == thermalCritical, "thermal pressure is %s", i.Thermal)
	if i.CPUSpeedLimit != nil {
		add(*i.CPUSpeedLimit < minSpeedLimit, "the CPU is limited to %d %% of its speed", *i.CPUSpeedLimit)
	}
	if i.SwapUsedBytes != nil {
		add(*i.SwapUsedBytes > maxSwapBytes, "%s of swap is in use, above %s", figure.Bytes(*i.SwapUsedBytes), figure.Bytes(maxSwapBytes))
	}
	if i.FreeMemoryBytes != nil && i.MemoryBytes > 0 {
		share := float64(*i.FreeMemoryBytes) / float64(i.MemoryBytes)
		add(share < minFreeShare, "%s of memory is free, below %s", figure.Percent(share), figure.Percent(minFreeShare))
	}
	if i.LoadAverage != nil {
		limit := max(maxLoad, maxLoadPerCore*float64(i.Cores))
		add(*i.LoadAverage > limit, "the load is %.1f, above %.0f", *i.LoadAverage, limit)
	}
	add(i.Background != nil && *i.Background, "it runs as a background process, which macOS keeps on slow cores")
	for _, name := range i.Busy {
		add(true, "%s is at work", name)
	}
	if p := i.Largest; p != nil {
		add(p.Bytes > maxForeignBytes, "another process (%s) holds %s, above %s",
			results.Printable(p.Name), figure.Bytes(p.Bytes), figure.Bytes(maxForeignBytes))
	}
	return out
}
