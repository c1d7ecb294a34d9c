package host

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// command runs one of the system's own tools and answers what it printed,
// which may be something even when it fails.
type command func(ctx context.Context, name string, args ...string) (string, error)

// sysctls are read in one call. A name that this Mac does not know is reported
// on standard error and the others are printed all the same.
var sysctls = []string{
	"machdep.cpu.brand_string", "hw.memsize", "hw.logicalcpu", "hw.perflevel0.logicalcpu",
	"vm.loadavg", "vm.swapusage", "kern.osproductversion", "kern.osversion", "kern.hostname", "iogpu.wired_limit_mb",
}

// logPatience is how long the log of sleep and of the display, of days, may take.
const logPatience = 5 * time.Second

// readMacOS asks sysctl, pmset, notifyutil, memory_pressure, ioreg, tmutil and
// ps on behalf of the process self. An error means that sysctl did not name the
// memory's size; what another tool does not answer is absent.
func readMacOS(ctx context.Context, run command, self int) (Info, error) {
	var info Info
	answer, err := run(ctx, "sysctl", sysctls...)
	info.addSysctl(answer)
	if info.MemoryBytes <= 0 {
		return info, errors.Join(fmt.Errorf("reading the machine: sysctl named no hw.memsize, but %q", answer), err)
	}
	for _, reading := range []struct {
		add  func(*Info, string)
		name string
		args []string
	}{
		{(*Info).addPowerSource, "pmset", []string{"-g", "batt"}},
		{(*Info).addPowerSettings, "pmset", []string{"-g"}},
		{(*Info).addSpeedLimit, "pmset", []string{"-g", "therm"}},
		{(*Info).addThermalPressure, "notifyutil", []string{"-g", "com.apple.system.thermalpressurelevel"}},
		{(*Info).addMemoryPressure, "memory_pressure", []string{"-Q"}},
		{(*Info).addGPU, "ioreg", []string{"-r", "-c", "AGXAccelerator", "-d", "1"}},
		{(*Info).addTimeMachine, "tmutil", []string{"status"}},
	} {
		if answer, err := run(ctx, reading.name, reading.args...); err == nil {
			reading.add(&info, answer)
		}
	}
	within, stop := context.WithTimeout(ctx, logPatience)
	defer stop()
	if answer, err := run(within, "pmset", "-g", "log"); err == nil {
		info.addDisplay(answer)
	}
	if answer, err := run(ctx, "ps", "-axo", "pid=,ppid=,rss=,pcpu=,comm="); err == nil {
		processes := psProcesses(answer)
		info.addSpotlight(processes)
		info.addProcesses(processes, self)
	}
	return info, ctx.Err()
}

// addSysctl reads lines such as "hw.memsize: 25769803776".
func (i *Info) addSysctl(answer string) {
	for line := range strings.Lines(answer) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "machdep.cpu.brand_string":
			i.Chip = value
		case "kern.osproductversion":
			i.OSVersion = value
		case "kern.osversion":
			i.OSBuild = value
		case "kern.hostname":
			i.Name = value
		case "hw.memsize":
			i.MemoryBytes, _ = strconv.ParseInt(value, 10, 64)
		case "hw.logicalcpu":
			i.Cores, _ = strconv.Atoi(value)
		case "hw.perflevel0.logicalcpu":
			i.PerformanceCores = number(wholeNumber, value)
		case "iogpu.wired_limit_mb": // 0 is the default
			if mebibytes := number(wholeNumber, value); mebibytes != nil && *mebibytes > 0 {
				i.GPUWiredLimitBytes = ptr(int64(*mebibytes) << 20)
			}
		case "vm.loadavg":
			i.LoadAverage = decimal(firstLoad, value)
		case "vm.swapusage":
			if mebibytes := decimal(swapUsed, value); mebibytes != nil {
				i.SwapUsedBytes = ptr(int64(*mebibytes * (1 << 20)))
			}
		}
	}
}

// The answers of the tools, as macOS 13 to 15 print them.
var (
	wholeNumber = regexp.MustCompile(`^([0-9]+)$`)
	// { 2.05 1.98 1.87 }, with a comma for the point in some locales.
	firstLoad = regexp.MustCompile(`^\{ ([0-9]+[.,][0-9]+) `)
	// total = 2048.00M  used = 1024.50M  free = 1023.50M  (encrypted)
	swapUsed = regexp.MustCompile(`used = ([0-9]+[.,][0-9]+)M`)
	// Now drawing from 'AC Power'
	drawing = regexp.MustCompile(`Now drawing from '(AC|Battery|UPS) Power'`)
	// " lowpowermode         1", from macOS 13.2 on Pro and Max " powermode            1"
	lowPower  = regexp.MustCompile(`(?m)^ *(?:lowpowermode|powermode) +([0-9]+)`)
	powerMode = regexp.MustCompile(`(?m)^ *powermode +([0-9]+)`)
	// "	CPU_Speed_Limit 	= 100"
	speedLimit = regexp.MustCompile(`CPU_Speed_Limit\s*=\s*([0-9]+)`)
	// com.apple.system.thermalpressurelevel 0
	pressure = regexp.MustCompile(`thermalpressurelevel ([0-9]+)`)
	// System-wide memory free percentage: 71%
	freePercent = regexp.MustCompile(`free percentage: ([0-9]+)%`)
	// "gpu-core-count" = 20
	gpuCores = regexp.MustCompile(`"gpu-core-count" = ([0-9]+)`)
	// 2026-09-12 09:09:08 -0300 Notification        	Display is turned off
	display = regexp.MustCompile(`(?m)^[0-9-]+ [0-9:]+ \S+ Notification\s+Display is turned (on|off)\s*$`)
	// "    Running = 1;"
	timeMachine = regexp.MustCompile(`(?m)^\s*Running = ([0-9]+);`)
)

// number answers what a pattern's group holds, nil when it does not match.
func number(pattern *regexp.Regexp, answer string) *int {
	found := pattern.FindStringSubmatch(answer)
	if found == nil {
		return nil
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		return nil
	}
	return &n
}

func decimal(pattern *regexp.Regexp, answer string) *float64 {
	found := pattern.FindStringSubmatch(answer)
	if found == nil {
		return nil
	}
	n, err := strconv.ParseFloat(strings.Replace(found[1], ",", ".", 1), 64)
	if err != nil {
		return nil
	}
	return &n
}

func (i *Info) addPowerSource(answer string) {
	if found := drawing.FindStringSubmatch(answer); found != nil {
		i.Power = map[string]string{"AC": "ac", "Battery": "battery", "UPS": "battery"}[found[1]]
	}
}

// powerModes are those of Macs that can also do more than usual (Pro, Max), by the
// number in pmset -g.
var powerModes = []string{"automatic", "low", "high"}

// addPowerSettings reads the mode in use.
func (i *Info) addPowerSettings(answer string) {
	if mode := number(lowPower, answer); mode != nil {
		i.LowPowerMode = ptr(*mode == 1)
	}
	if mode := number(powerMode, answer); mode != nil && *mode < len(powerModes) {
		i.PowerMode = powerModes[*mode]
	}
}

func (i *Info) addSpeedLimit(answer string) { i.CPUSpeedLimit = number(speedLimit, answer) }

// pressureLevels are OSThermalPressureLevel of OSThermalNotification.h on macOS
// (nominal, moderate, heavy, trapping, sleeping) in NSProcessInfo's words.
var pressureLevels = []string{"nominal", "fair", "serious", "critical", "critical"}

func (i *Info) addThermalPressure(answer string) {
	if level := number(pressure, answer); level != nil && *level < len(pressureLevels) {
		i.Thermal = pressureLevels[*level]
	}
}

func (i *Info) addMemoryPressure(answer string) {
	if percent := number(freePercent, answer); percent != nil && *percent <= 100 {
		i.FreeMemoryBytes = ptr(i.MemoryBytes / 100 * int64(*percent))
	}
}

func (i *Info) addGPU(answer string) { i.GPUCores = number(gpuCores, answer) }

// addDisplay reads the last that pmset's log says of it.
func (i *Info) addDisplay(answer string) {
	if all := display.FindAllStringSubmatch(answer, -1); len(all) > 0 {
		i.DisplayAsleep = ptr(all[len(all)-1][1] == "off")
	}
}

func (i *Info) addTimeMachine(answer string) {
	if running := number(timeMachine, answer); running != nil && *running == 1 {
		i.Busy = append(i.Busy, "Time Machine")
	}
}

// macOSUsage reads struct rusage_info_v4 of sys/resource.h, which
// proc_pid_rusage fills: ri_phys_footprint at 72, ri_lifetime_max_phys_footprint
// at 240.
func macOSUsage(rusage []byte) Usage {
	return Usage{
		Bytes:     int64(binary.LittleEndian.Uint64(rusage[72:])),
		PeakBytes: ptr(int64(binary.LittleEndian.Uint64(rusage[240:]))),
	}
}
