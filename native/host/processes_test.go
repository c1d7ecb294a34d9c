package host

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// testPID is the process on whose behalf the tests read.
const testPID = 4711

const calmPS = "    1     0  12800   0,1 /sbin/launchd\n" +
	"  301     1  90112   0.4 " +
	"/System/Library/Frameworks/CoreServices.framework/Versions/A/Frameworks/Metadata.framework/Versions/A/Support/mds_stores\n" +
	" 4711   900 6291456  98.0 /usr/local/bin/assay\n" +
	" 4712  4711 8388608  12.0 /usr/local/bin/assay\n" +
	"  812     1 1048576   3.2 /Applications/Some Browser.app/Contents/MacOS/Some Browser\n"

const idleBackup = "Backup session status:\n{\n    ClientID = \"com.apple.backupd\";\n    Percent = 1;\n    Running = 0;\n}\n"

func TestMacOSHousekeeping(t *testing.T) {
	read := func(changes map[string]string) Info {
		info, err := readMacOS(context.Background(), answers(changes), testPID)
		require.NoError(t, err)
		return info
	}
	calm := read(map[string]string{"ps": calmPS, "tmutil": idleBackup})
	require.Empty(t, calm.Busy)
	require.Equal(t, &Process{Name: "Some Browser", Bytes: 1 << 30}, calm.Largest, "neither itself nor its worker")
	require.Nil(t, calm.GPUWiredLimitBytes)

	busy := read(map[string]string{
		"ps":     calmPS + "  302     1  20480  15.0 /usr/libexec/mdworker_shared\n  303     1  20480   9.5 /usr/libexec/mdworker_shared\n",
		"tmutil": "Backup session status:\n{\n    BackupPhase = Copying;\n    Running = 1;\n}\n",
		"sysctl": macBook["sysctl"] + "iogpu.wired_limit_mb: 20480\n",
	})
	require.Equal(t, []string{"Time Machine", "Spotlight"}, busy.Busy)
	require.Equal(t, ptr[int64](20<<30), busy.GPUWiredLimitBytes)

	require.Nil(t, read(map[string]string{"sysctl": macBook["sysctl"] + "iogpu.wired_limit_mb: 0\n"}).GPUWiredLimitBytes, "0 is the default")
	require.Nil(t, read(map[string]string{"ps": "no list\n1 2 x 0.0 name\n1 2 -5 0.0 name\n"}).Largest)
}

func TestLinuxProcesses(t *testing.T) {
	status := func(name, parent, anon string) string {
		return "Name:\t" + name + "\nState:\tR (running)\nPPid:\t" + parent + "\nRssAnon:\t " + anon + " kB\n"
	}
	info, err := readLinux(laptop(map[string]string{
		"proc/1/status":    status("init", "0", "4096"),
		"proc/2/status":    "Name:\tkthreadd\nPPid:\t0\n",
		"proc/77/status":   status("postgres", "1", "3145728"),
		"proc/78/status":   status("updatedb", "1", "2048"),
		"proc/4711/status": status("assay", "1", "9000000"),
		"proc/4712/status": status("assay", "4711", "9000000"),
	}), testPID)
	require.NoError(t, err)
	require.Equal(t, &Process{Name: "postgres", Bytes: 3 << 30}, info.Largest)
	require.Equal(t, []string{"updatedb"}, info.Busy)
}
