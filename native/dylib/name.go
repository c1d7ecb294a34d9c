package dylib

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Match answers the file in folder that holds the library with this stem, or
// "": the plain name first (libllama.so), then the newest of those with a
// version before or after the suffix (libllama.v0.5.0.so, libllama.so.0).
func (m Machine) Match(folder, stem string) string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return ""
	}
	suffix := "so"
	if m.GOOS == "darwin" {
		suffix = "dylib"
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			continue
		}
		if name := entry.Name(); name == "lib"+stem+"."+suffix || isVersioned(name, stem, suffix) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	best := slices.MaxFunc(names, func(a, b string) int {
		return CompareVersions(versionOrLast(a), versionOrLast(b))
	})
	return filepath.Join(folder, best)
}

func isVersioned(name, stem, suffix string) bool {
	rest, ok := strings.CutPrefix(name, "lib"+stem+".")
	return ok && strings.Contains(rest, suffix) && FileVersion(name) != ""
}

// versionOrLast puts the plain name above every version.
func versionOrLast(name string) string {
	if v := FileVersion(name); v != "" {
		return v
	}
	return strconv.Itoa(1 << 30)
}
