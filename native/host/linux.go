package host

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// readLinux reads a machine's /proc, /sys and /etc below root for the process
// self. An error means that /proc/meminfo or /proc/cpuinfo could not be read.
func readLinux(root fs.FS, self int) (Info, error) {
	var info Info
	memory, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return info, fmt.Errorf("reading the machine's memory: %w", err)
	}
	processors, err := fs.ReadFile(root, "proc/cpuinfo")
	if err != nil {
		return info, fmt.Errorf("reading the machine's processors: %w", err)
	}
	info.addMeminfo(memory)
	info.addControlGroup(root)
	info.Chip = linuxChip(processors, text(root, "proc/device-tree/model"))
	info.OSVersion = osRelease(text(root, "etc/os-release"))
	info.OSBuild = strings.TrimSpace(text(root, "proc/sys/kernel/osrelease") + " " + text(root, "proc/sys/kernel/version"))
	info.Name = text(root, "proc/sys/kernel/hostname")
	if first, _, ok := strings.Cut(text(root, "proc/loadavg"), " "); ok {
		if load, err := strconv.ParseFloat(first, 64); err == nil {
			info.LoadAverage = &load
		}
	}
	info.addPowerSupplies(root)
	info.addPowerMode(root)
	info.addProcesses(linuxProcesses(root), self)
	return info, nil
}

func (i *Info) addMeminfo(content []byte) {
	sizes := kibibytes(content)
	i.MemoryBytes = sizes["MemTotal"]
	if free, ok := sizes["MemAvailable"]; ok {
		i.FreeMemoryBytes = &free
	}
	if total, ok := sizes["SwapTotal"]; ok {
		i.SwapUsedBytes = ptr(total - sizes["SwapFree"])
	}
}

// addControlGroup lowers memory to the limit of a container (control groups
// version 2, where the container's own group is the root).
func (i *Info) addControlGroup(root fs.FS) {
	limit, err := strconv.ParseInt(text(root, "sys/fs/cgroup/memory.max"), 10, 64)
	if err != nil || limit >= i.MemoryBytes {
		return // "max", or no limit below the machine's memory
	}
	i.MemoryBytes = limit
	used, err := strconv.ParseInt(text(root, "sys/fs/cgroup/memory.current"), 10, 64)
	if err == nil && i.FreeMemoryBytes != nil {
		i.FreeMemoryBytes = ptr(max(0, min(*i.FreeMemoryBytes, limit-used)))
	}
}

// linuxChip is the processor's name in /proc/cpuinfo (x86), or the machine's in
// the device tree (arm64, whose cpuinfo has numbers only).
func linuxChip(cpuinfo []byte, board string) string {
	lines := bufio.NewScanner(bytes.NewReader(cpuinfo))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return board
}

func osRelease(content string) string {
	for line := range strings.Lines(content) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			return strings.Trim(name, `"'`)
		}
	}
	return ""
}

// profiles are those of a platform that macOS has as well
// (Documentation/ABI/testing/sysfs-class-platform-profile).
var profiles = map[string]string{"low-power": "low", "balanced": "automatic", "performance": "high"}

// addPowerMode reads the platform's profile, or where it has none the governor of the
// first processor's clock (Documentation/admin-guide/pm/cpufreq.rst).
func (i *Info) addPowerMode(root fs.FS) {
	profile := text(root, "sys/firmware/acpi/platform_profile")
	if profile == "" {
		i.PowerMode = text(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
		return
	}
	i.LowPowerMode = ptr(profile == "low-power")
	if i.PowerMode = profiles[profile]; i.PowerMode == "" {
		i.PowerMode = profile
	}
}

// addPowerSupplies tells mains from battery (Documentation/ABI/testing/sysfs-class-power).
func (i *Info) addPowerSupplies(root fs.FS) {
	const folder = "sys/class/power_supply"
	supplies, err := fs.ReadDir(root, folder)
	if err != nil {
		return
	}
	for _, supply := range supplies {
		at := path.Join(folder, supply.Name())
		switch {
		case text(root, path.Join(at, "type")) == "Mains" && text(root, path.Join(at, "online")) == "1":
			i.Power = "ac"
			return
		case text(root, path.Join(at, "type")) == "Battery" && text(root, path.Join(at, "status")) == "Discharging":
			i.Power = "battery"
		}
	}
}
