package host

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// macBook are the tools' answers in macOS's formats.
var macBook = map[string]string{
	"sysctl": "machdep.cpu.brand_string: Apple M4 Pro\nhw.memsize: 25769803776\nhw.logicalcpu: 12\nhw.perflevel0.logicalcpu: 8\n" +
		"vm.loadavg: { 2.05 1.98 1.87 }\nvm.swapusage: total = 2048.00M  used = 1024.50M  free = 1023.50M  (encrypted)\n" +
		"kern.osproductversion: 15.5\nkern.osversion: 24F74\nkern.hostname: bench.local\n",
	"pmset -g batt": "Now drawing from 'AC Power'\n -InternalBattery-0 (id=22151267)\t80%; charging; 0:58 remaining present: true\n",
	"pmset -g": "System-wide power settings:\nCurrently in use:\n standby              1\n Sleep On Power Button 1\n lowpowermode     " +
		"    0\n displaysleep         10\n",
	"pmset -g therm": "Note: No thermal warning level has been recorded\nNote: No performance warning level has been recorded\n" +
		"2026-11-21 03:00:00 +0100 CPU Power notify\n\tCPU_Scheduler_Limit \t= 100\n\tCPU_Available_CPUs \t= 12\n\tCPU_Speed_Limit \t= 100\n",
	"notifyutil": "com.apple.system.thermalpressurelevel 0\n",
	"memory_pressure": "The system has 25769803776 (1572864 pages with a page size of 16384).\n" +
		"System-wide memory free percentage: 71%\n",
	"ioreg": "+-o AGXAcceleratorG16X  <class AGXAcceleratorG16X, id 0x100000a1b, registered, matched, active, busy 0>\n    {\n      " +
		"\"model\" = \"Apple M4 Pro\"\n      \"gpu-core-count\" = 16\n    }\n",
}

// answers plays the tools back; one without an answer fails as a missing tool does.
func answers(changes map[string]string) command {
	return func(_ context.Context, name string, args ...string) (string, error) {
		line := strings.Join(append([]string{name}, args...), " ")
		for _, key := range []string{line, name} {
			if answer, ok := changes[key]; ok {
				return answer, nil
			}
			if answer, ok := macBook[key]; ok {
				return answer, nil
			}
		}
		return "", errors.New(name + ": not found")
	}
}

func TestReadMacOS(t *testing.T) {
	got, err := readMacOS(context.Background(), answers(nil), testPID)
	require.NoError(t, err)
	require.Equal(t, Info{
		Name: "bench.local", OSVersion: "15.5", OSBuild: "24F74", Chip: "Apple M4 Pro",
		Cores: 12, PerformanceCores: ptr(8), GPUCores: ptr(16),
		MemoryBytes: 25769803776, FreeMemoryBytes: ptr[int64](25769803776 / 100 * 71), SwapUsedBytes: ptr[int64](1024<<20 + 512<<10),
		Power: "ac", LowPowerMode: ptr(false), Thermal: "nominal", CPUSpeedLimit: ptr(100), LoadAverage: ptr(2.05),
	}, got)
}

func TestReadMacOSElsewhere(t *testing.T) {
	tests := []struct {
		name    string
		changes map[string]string
		check   func(*testing.T, Info)
	}{
		{"on battery", map[string]string{"pmset -g batt": "Now drawing from 'Battery Power'\n"}, func(t *testing.T, i Info) {
			require.Equal(t, "battery", i.Power)
		}},
		{"a dark display", map[string]string{"pmset -g log": "2026-09-12 09:09:08 -0300 Notification        	Display is turned off \n" +
			"2026-09-12 09:09:13 -0300 Sleep               	Entering Sleep state due to 'Clamshell Sleep':TCPKeepAlive=active Using AC " +
			"(Charge:84%) 59 secs\n"},
			func(t *testing.T, i Info) { require.Equal(t, ptr(true), i.DisplayAsleep) }},
		{"a lit display", map[string]string{"pmset -g log": "2026-09-12 09:09:08 -0300 Notification        	Display is turned off\n" +
			"2026-09-12 09:10:12 -0300 Notification        	Display is turned on\n2026-09-12 09:10:13 -0300 Assertions 	Display is turned off\n"},
			func(t *testing.T, i Info) { require.Equal(t, ptr(false), i.DisplayAsleep) }},
		{"a log of nothing", map[string]string{"pmset -g log": "Total Sleep/Wakes since boot:2\n"}, func(t *testing.T, i Info) {
			require.Nil(t, i.DisplayAsleep)
		}},
		{"low power", map[string]string{"pmset -g": "Currently in use:\n lowpowermode         1\n"}, func(t *testing.T, i Info) {
			require.Equal(t, ptr(true), i.LowPowerMode)
			require.Empty(t, i.PowerMode, "a Mac of two modes")
		}},
		{"low of three", map[string]string{"pmset -g": "Currently in use:\n powermode            1\n"}, func(t *testing.T, i Info) {
			require.Equal(t, ptr(true), i.LowPowerMode)
			require.Equal(t, "low", i.PowerMode)
		}},
		{"automatic", map[string]string{"pmset -g": "Currently in use:\n powermode            0\n"}, func(t *testing.T, i Info) {
			require.Equal(t, "automatic", i.PowerMode)
		}},
		{"a mode of the future", map[string]string{"pmset -g": "Currently in use:\n powermode            9\n"}, func(t *testing.T, i Info) {
			require.Empty(t, i.PowerMode)
		}},
		{"high power", map[string]string{"pmset -g": "Currently in use:\n powermode            2\n"}, func(t *testing.T, i Info) {
			require.Equal(t, ptr(false), i.LowPowerMode)
			require.Equal(t, "high", i.PowerMode)
		}},
		{"hot", map[string]string{"notifyutil": "com.apple.system.thermalpressurelevel 2\n", "pmset -g therm": "\tCPU_Speed_Limit \t= 60\n"},
			func(t *testing.T, i Info) {
				require.Equal(t, "serious", i.Thermal)
				require.Equal(t, ptr(60), i.CPUSpeedLimit)
			}},
		{"no thermal record", map[string]string{"notifyutil": "", "pmset -g therm": "Note: No thermal warning level has been recorded\n"},
			func(t *testing.T, i Info) {
				require.Empty(t, i.Thermal)
				require.Nil(t, i.CPUSpeedLimit)
			}},
		{"a comma in numbers", map[string]string{"sysctl": "hw.memsize: 1024\nvm.loadavg: { 1,50 1,00 0,50 }\nvm.swapusage: total = 0,00M  " +
			"used = 0,00M  free = 0,00M\n"}, func(t *testing.T, i Info) {
			require.Equal(t, ptr(1.5), i.LoadAverage)
			require.Equal(t, ptr[int64](0), i.SwapUsedBytes)
			require.Nil(t, i.PerformanceCores)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			info, err := readMacOS(context.Background(), answers(test.changes), testPID)
			require.NoError(t, err)
			test.check(t, info)
		})
	}
}

// What real Macs printed, of public reports and projects' captures, 2022 to 2026.
func TestReadMacOSAsPrinted(t *testing.T) {
	type state struct {
		build, version, mode string
		low                  *bool
	}
	for name, tt := range map[string]struct {
		changes map[string]string
		want    state
	}{
		"an M2 Max, macOS 26.6.2": {map[string]string{"sysctl": `hw.ncpu: 12
hw.physicalcpu: 12
hw.logicalcpu: 12
hw.perflevel0.physicalcpu: 8
hw.perflevel1.physicalcpu: 4
hw.memsize: 68719476736
hw.model: Mac14,6
machdep.cpu.brand_string: Apple M2 Max
kern.osproductversion: 26.6.2
kern.osversion: 25G83
`}, state{"25G83", "26.6.2", "", ptr(false)}},
		"an M1, macOS 12": {map[string]string{"pmset -g": `System-wide power settings:
 SleepDisabled		1
Currently in use:
 standby              1
 Sleep On Power Button 1
 hibernatefile        /var/vm/sleepimage
 powernap             1
 networkoversleep     0
 disksleep            10
 sleep                1 (sleep prevented by bluetoothd, backupd, powerd, sharingd)
 hibernatemode        3
 ttyskeepawake        1
 displaysleep         10 (display sleep prevented by caffeinate)
 tcpkeepalive         1
 lowpowermode         0
 womp                 1
`}, state{"24F74", "15.5", "", ptr(false)}},
		"an M1, macOS 26.2": {map[string]string{"pmset -g": `System-wide power settings:
Currently in use:
 standby              1
 Sleep On Power Button 1
 hibernatefile        /var/vm/sleepimage
 powernap             1
 networkoversleep     0
 disksleep            10
 sleep                1 (sleep prevented by powerd, Editor, sharingd)
 hibernatemode        3
 ttyskeepawake        1
 displaysleep         0
 tcpkeepalive         1
 lowpowermode         0
 womp                 1
`}, state{"24F74", "15.5", "", ptr(false)}},
		"a Pro or Max in high power": {map[string]string{"pmset -g": `System-wide power settings:
Currently in use:
 standby              1
 powermode            2
 sleep                1 (sleep prevented by caffeinate)
`}, state{"24F74", "15.5", "high", ptr(false)}},
	} {
		i, err := readMacOS(context.Background(), answers(tt.changes), testPID)
		require.NoError(t, err, name)
		require.Equal(t, tt.want, state{i.OSBuild, i.OSVersion, i.PowerMode, i.LowPowerMode}, name)
	}
}

func TestReadMacOSWithoutSysctl(t *testing.T) {
	_, err := readMacOS(context.Background(), func(context.Context, string, ...string) (string, error) {
		return "", errors.New("sysctl: not found")
	}, testPID)
	require.ErrorContains(t, err, "sysctl named no hw.memsize")
	require.ErrorContains(t, err, "not found")
}

func TestMacOSUsage(t *testing.T) {
	rusage := make([]byte, 512)
	binary.LittleEndian.PutUint64(rusage[72:], 123<<20)
	binary.LittleEndian.PutUint64(rusage[240:], 456<<20)
	require.Equal(t, Usage{Bytes: 123 << 20, PeakBytes: ptr[int64](456 << 20)}, macOSUsage(rusage))
}

func FuzzMacOSAnswers(f *testing.F) {
	for _, answer := range macBook {
		f.Add(answer)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		info, err := readMacOS(context.Background(), func(_ context.Context, name string, _ ...string) (string, error) {
			return answer, nil
		}, testPID)
		if err == nil {
			require.Positive(t, info.MemoryBytes)
			require.True(t, info.FreeMemoryBytes == nil || *info.FreeMemoryBytes <= info.MemoryBytes)
		}
	})
}
