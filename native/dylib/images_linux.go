package dylib

import (
	"os"
	"strings"
)

// Images lists the files of all libraries that this process has loaded
// (/proc/self/maps); nil where the system does not tell.
func Images() []string {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil
	}
	return mappedFiles(string(maps))
}

// mappedFiles are the libraries among the files of /proc/PID/maps, each once: the
// path begins in column six and may hold spaces.
func mappedFiles(maps string) []string {
	var paths []string
	seen := map[string]bool{}
	for line := range strings.Lines(maps) {
		at := strings.Index(line, "/")
		if at < 0 {
			continue
		}
		path := strings.TrimSuffix(strings.TrimRight(line[at:], "\n"), " (deleted)")
		if strings.Contains(path, ".so") && !seen[path] {
			seen[path] = true
			paths = append(paths, path)
		}
	}
	return paths
}
