package host

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// process is one line of the machine's list of processes.
type process struct {
	pid, parent int
	bytes       int64
	// cpu is in per cent of one core over about the last minute (macOS only).
	cpu  float64
	name string
}

// addProcesses finds the largest process that neither is self nor was started
// by it.
func (i *Info) addProcesses(all []process, self int) {
	for _, p := range all {
		if p.pid == self || p.parent == self || i.Largest != nil && p.bytes <= i.Largest.Bytes {
			continue
		}
		i.Largest = &Process{Name: p.name, Bytes: p.bytes}
	}
	for _, p := range all {
		if slices.Contains(linuxIndexers, p.name) && !slices.Contains(i.Busy, p.name) {
			i.Busy = append(i.Busy, p.name)
		}
	}
}

// linuxIndexers run only while they index, cut to the 15 characters that the
// kernel keeps of a name: mlocate's and plocate's, KDE's, GNOME's.
var linuxIndexers = []string{"updatedb", "updatedb.plocat", "baloo_file_extr", "tracker-extract"}

// linuxProcesses reads /proc/PID/status; a process that ends meanwhile, and the
// kernel's own threads, are left out.
func linuxProcesses(root fs.FS) []process {
	folders, err := fs.ReadDir(root, "proc")
	if err != nil {
		return nil
	}
	var all []process
	for _, folder := range folders {
		pid, err := strconv.Atoi(folder.Name())
		if err != nil {
			continue
		}
		status := text(root, path.Join("proc", folder.Name(), "status"))
		usage, err := linuxUsage([]byte(status))
		if err != nil {
			continue
		}
		p := process{pid: pid, bytes: usage.Bytes}
		for line := range strings.Lines(status) {
			switch name, value, _ := strings.Cut(line, ":"); name {
			case "Name":
				p.name = strings.TrimSpace(value)
			case "PPid":
				p.parent, _ = strconv.Atoi(strings.TrimSpace(value))
			}
		}
		all = append(all, p)
	}
	return all
}

// psProcesses reads what ps -axo pid=,ppid=,rss=,pcpu=,comm= prints: resident
// size in KiB, a comma for the point in some locales, and a path with spaces.
func psProcesses(answer string) []process {
	var all []process
	for line := range strings.Lines(answer) {
		words := strings.Fields(line)
		if len(words) < 5 {
			continue
		}
		pid, err1 := strconv.Atoi(words[0])
		parent, err2 := strconv.Atoi(words[1])
		kibibytes, err3 := strconv.ParseInt(words[2], 10, 64)
		cpu, err4 := strconv.ParseFloat(strings.Replace(words[3], ",", ".", 1), 64)
		if err1 != nil || err2 != nil || err3 != nil || err4 != nil || kibibytes < 0 || kibibytes >= 1<<43 {
			continue
		}
		all = append(all, process{pid, parent, kibibytes << 10, cpu, path.Base(strings.Join(words[4:], " "))})
	}
	return all
}

// busySpotlight is how much of one core Spotlight's processes take together
// while they index; at rest they take next to nothing.
const busySpotlight = 20

// addSpotlight sums what the metadata server and its workers use.
func (i *Info) addSpotlight(all []process) {
	sum := 0.0
	for _, p := range all {
		if p.name == "mds" || p.name == "mds_stores" || strings.HasPrefix(p.name, "mdworker") {
			sum += p.cpu
		}
	}
	if sum >= busySpotlight {
		i.Busy = append(i.Busy, "Spotlight")
	}
}
