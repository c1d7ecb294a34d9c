package doctor

import (
	"context"
	"fmt"
	"os"
	goruntime "runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"assay/harness/machine"
	"assay/harness/runtime"
	"assay/native/host"
	"assay/results"
)

// machineExperiments are those on the machine itself, its clock and its readings.
func machineExperiments() []experiment {
	return []experiment{
		{
			part: machinePart, name: "program", assumed: "this program names an SDK for which Metal compiles all kernels",
			source: "LC_BUILD_VERSION of the main program; bf16 needs SDK 15, the tensor units of an M5 26",
			look: func(context.Context) ([]runtime.Reading, error) {
				return programReadings(goruntime.GOOS, machine.SDK())
			},
		},
		{
			part: machinePart, name: "clock", assumed: "the clock never runs backwards, is fine enough and agrees with the time of day",
			source: "Go's monotonic clock (mach_absolute_time, CLOCK_MONOTONIC)", look: tryClock,
		},
		{
			part: machinePart, name: "footprint", assumed: "a process's footprint grows by what it touches and falls by what it gives back",
			source: "ri_phys_footprint, sys/resource.h; RssAnon of /proc/PID/status", look: tryFootprint,
		},
		{
			part: machinePart, name: "readings", assumed: "chip, memory, power, heat and memory pressure can be read",
			source: "sysctl, pmset, notifyutil, memory_pressure, ioreg; /proc and /sys on Linux",
			look: func(ctx context.Context) ([]runtime.Reading, error) {
				return hostReadings(machine.Read(ctx)), nil
			},
		},
	}
}

// leastSDK is the SDK from which on Metal has the kernels of every Mac.
const leastSDK = 26

// programReadings look at the SDK that the program names.
func programReadings(system, sdk string) ([]runtime.Reading, error) {
	if system != "darwin" {
		return nil, runtime.NotHere("this is no program for macOS")
	}
	var major int
	if _, err := fmt.Sscanf(sdk, "%d", &major); err != nil {
		return []runtime.Reading{runtime.Holds("SDK", false, "a version", sdk)}, nil
	}
	return []runtime.Reading{runtime.AtLeast("SDK", float64(major), leastSDK)}, nil
}

func tryClock(ctx context.Context) ([]runtime.Reading, error) {
	var readings [10_000]time.Time
	for i := range readings {
		readings[i] = time.Now()
	}
	finest, backwards := time.Hour, 0
	for i := 1; i < len(readings); i++ {
		switch step := readings[i].Sub(readings[i-1]); {
		case step < 0:
			backwards++
		case step > 0:
			finest = min(finest, step)
		}
	}
	before := time.Now()
	day := before.Round(0) // without the monotonic clock
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(200 * time.Millisecond):
	}
	after := time.Now()
	apart := after.Round(0).Sub(day).Seconds() - after.Sub(before).Seconds()
	return []runtime.Reading{
		runtime.Equals("steps backwards in 10,000 readings", 0, backwards),
		runtime.AtMost("nanoseconds between two readings", float64(finest.Nanoseconds()), 10_000),
		runtime.AtLeast("milliseconds of a wait of 200", after.Sub(before).Seconds()*1e3, 200),
		runtime.Between("milliseconds that it and the time of day are apart", apart*1e3, -20, 20),
	}, nil
}

// touchedBytes are allocated and written to.
const touchedBytes = 64 << 20

func tryFootprint(context.Context) ([]runtime.Reading, error) {
	read := func() (int64, error) {
		u, err := host.Footprint(os.Getpid())
		return u.Bytes, err
	}
	before, err := read()
	if err != nil {
		return nil, err
	}
	pages, err := unix.Mmap(-1, 0, touchedBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("allocating %d bytes: %w", touchedBytes, err)
	}
	for i := 0; i < len(pages); i += 4096 {
		pages[i] = byte(i>>12) | 1
	}
	during, err := read()
	if err := unix.Munmap(pages); err != nil {
		return nil, fmt.Errorf("giving %d bytes back: %w", touchedBytes, err)
	}
	if err != nil {
		return nil, err
	}
	after, err := read()
	if err != nil {
		return nil, err
	}
	return []runtime.Reading{
		runtime.Between("growth over 64 MiB touched", float64(during-before)/touchedBytes, 0.9, 1.1),
		runtime.Between("fall over 64 MiB given back", float64(during-after)/touchedBytes, 0.9, 1.1),
	}, nil
}

// thermalLevels are the words of NSProcessInfo.
var thermalLevels = []string{"nominal", "fair", "serious", "critical"}

// hostReadings judges what could be read. What a system or its container does not have
// is no reading there; on a Mac everything must be.
func hostReadings(h results.Host) []runtime.Reading {
	mac := h.OS == "darwin"
	out := []runtime.Reading{
		runtime.Holds("chip", h.Chip != "", "a name", h.Chip),
		runtime.AtLeast("cores", float64(h.Cores), 1),
		runtime.AtLeast("bytes of memory", float64(h.MemoryBytes), 1<<30),
	}
	present := func(what string, there, must bool, ok bool, expected, seen string) {
		if !there && !must {
			return
		}
		if !there {
			seen = "nothing"
		}
		out = append(out, runtime.Holds(what, there && ok, expected, seen))
	}
	free, swap, load := orNone(h.FreeMemoryBytes), orNone(h.SwapUsedBytes), orNone(h.LoadAverage)
	present("free memory", h.FreeMemoryBytes != nil, true, free > 0 && free <= h.MemoryBytes, "bytes, up to the memory", fmt.Sprint(free))
	present("swap in use", h.SwapUsedBytes != nil, mac, swap >= 0, "bytes", fmt.Sprint(swap))
	present("load", h.LoadAverage != nil, true, load >= 0 && load < 10_000, "a number", fmt.Sprint(load))
	present("power", h.Power != "", mac, h.Power == "ac" || h.Power == "battery", "ac or battery", h.Power)
	present("heat", h.Thermal != "", mac, slices.Contains(thermalLevels, h.Thermal), "a level", h.Thermal)
	present("low power mode", h.LowPowerMode != nil, mac, true, "on or off", fmt.Sprint(orNone(h.LowPowerMode)))
	present("GPU cores", h.GPUCores != nil, mac, orNone(h.GPUCores) > 0, "one or more", fmt.Sprint(orNone(h.GPUCores)))
	present("system", h.OSVersion != "", true, true, "a version", h.OSVersion)
	present("build of the system", h.OSBuild != "", mac, true, "a name", h.OSBuild)
	return out
}

func orNone[T any](v *T) T {
	var none T
	if v == nil {
		return none
	}
	return *v
}
