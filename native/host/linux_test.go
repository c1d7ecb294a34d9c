package host

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// laptop is a Linux machine with a battery, in the files' real formats.
func laptop(changes map[string]string) fstest.MapFS {
	files := map[string]string{
		"proc/meminfo": "MemTotal:       24684084 kB\nMemFree:         6948928 kB\nMemAvailable:   22971480 " +
			"kB\nSwapTotal:       2097148 kB\nSwapFree:        2000000 kB\nHugePages_Total:       0\n",
		"proc/cpuinfo":                       "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) Processor\n",
		"proc/loadavg":                       "1.25 0.90 0.50 2/209 529\n",
		"proc/sys/kernel/hostname":           "bench1\n",
		"proc/sys/kernel/osrelease":          "6.8.0-45-generic\n",
		"proc/sys/kernel/version":            "#45-Ubuntu SMP PREEMPT_DYNAMIC\n",
		"etc/os-release":                     "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n",
		"sys/class/power_supply/AC/type":     "Mains\n",
		"sys/class/power_supply/AC/online":   "0\n",
		"sys/class/power_supply/BAT0/type":   "Battery\n",
		"sys/class/power_supply/BAT0/status": "Discharging\n",
		"sys/firmware/acpi/platform_profile": "low-power\n",
	}
	for name, content := range changes {
		files[name] = content
	}
	root := fstest.MapFS{}
	for name, content := range files {
		if content != "" {
			root[name] = &fstest.MapFile{Data: []byte(content)}
		}
	}
	return root
}

func TestReadLinux(t *testing.T) {
	got, err := readLinux(laptop(nil), testPID)
	require.NoError(t, err)
	require.Equal(t, Info{
		Name: "bench1", OSVersion: "Debian GNU/Linux 12 (bookworm)", OSBuild: "6.8.0-45-generic #45-Ubuntu SMP PREEMPT_DYNAMIC",
		Chip:        "Intel(R) Xeon(R) Processor",
		MemoryBytes: 24684084 << 10, FreeMemoryBytes: ptr[int64](22971480 << 10), SwapUsedBytes: ptr[int64](97148 << 10),
		Power: "battery", LowPowerMode: ptr(true), PowerMode: "low", LoadAverage: ptr(1.25),
	}, got)
}

func TestReadLinuxElsewhere(t *testing.T) {
	tests := []struct {
		name    string
		changes map[string]string
		check   func(*testing.T, Info)
	}{
		{"plugged in", map[string]string{"sys/class/power_supply/AC/online": "1\n"}, func(t *testing.T, i Info) {
			require.Equal(t, "ac", i.Power)
		}},
		{"another profile", map[string]string{"sys/firmware/acpi/platform_profile": "balanced\n"}, func(t *testing.T, i Info) {
			require.Equal(t, ptr(false), i.LowPowerMode)
			require.Equal(t, "automatic", i.PowerMode)
		}},
		{"a profile of Linux alone", map[string]string{"sys/firmware/acpi/platform_profile": "quiet\n"}, func(t *testing.T, i Info) {
			require.Equal(t, "quiet", i.PowerMode)
		}},
		{"a governor alone", map[string]string{"sys/firmware/acpi/platform_profile": "",
			"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance\n"}, func(t *testing.T, i Info) {
			require.Equal(t, "performance", i.PowerMode)
			require.Nil(t, i.LowPowerMode)
		}},
		{"an arm64 board", map[string]string{"proc/cpuinfo": "processor\t: 0\nCPU implementer\t: 0x41\n",
			"proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\x00"}, func(t *testing.T, i Info) {
			require.Equal(t, "Raspberry Pi 5 Model B Rev 1.0", i.Chip)
		}},
		{"a container", map[string]string{"sys/fs/cgroup/memory.max": "1073741824\n", "sys/fs/cgroup/memory.current": "73741824\n"},
			func(t *testing.T, i Info) {
				require.Equal(t, int64(1<<30), i.MemoryBytes)
				require.Equal(t, ptr[int64](1000000000), i.FreeMemoryBytes)
			}},
		{"a container without a limit", map[string]string{"sys/fs/cgroup/memory.max": "max\n"}, func(t *testing.T, i Info) {
			require.Equal(t, int64(24684084<<10), i.MemoryBytes)
		}},
		{"nothing but the two that are needed", map[string]string{"proc/meminfo": "MemTotal: 1024 kB\n", "proc/loadavg": "", "etc/os-release": "",
			"proc/sys/kernel/hostname":  "",
			"proc/sys/kernel/osrelease": "", "proc/sys/kernel/version": "",
			"sys/class/power_supply/AC/type": "", "sys/class/power_supply/AC/online": "", "sys/class/power_supply/BAT0/type": "",
			"sys/class/power_supply/BAT0/status": "", "sys/firmware/acpi/platform_profile": ""}, func(t *testing.T, i Info) {
			require.Equal(t, Info{MemoryBytes: 1 << 20, Chip: "Intel(R) Xeon(R) Processor"}, i)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			info, err := readLinux(laptop(test.changes), testPID)
			require.NoError(t, err)
			test.check(t, info)
		})
	}
	_, err := readLinux(fstest.MapFS{}, testPID)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "reading the machine's memory")
}

func TestLinuxUsage(t *testing.T) {
	status := "Name:\tassay\nVmHWM:\t  110000 kB\nVmRSS:\t  100500 kB\nRssAnon:\t  100000 kB\nRssFile:\t     400 kB\nRssShmem:\t     100 " +
		"kB\nVmSwap:\t      50 kB\n"
	usage, err := linuxUsage([]byte(status))
	require.NoError(t, err)
	require.Equal(t, Usage{Bytes: 100150 << 10, PeakBytes: ptr[int64](110000 << 10)}, usage)
	_, err = linuxUsage([]byte("Name:\tkthreadd\n"))
	require.ErrorContains(t, err, "no RssAnon")
}
