package runtime

import (
	"os"
	"slices"
	"strings"

	"assay/harness/home"
	"assay/native/dylib"
	"assay/results"
)

// LoadedFiles are the library files that this process has loaded, with their hashes,
// and others that the runtime takes code from. What macOS keeps in its shared cache
// has no file, and changes with the system's build.
func LoadedFiles(others ...string) []results.File {
	paths := append(dylib.Images(), others...)
	slices.Sort(paths)
	self, _ := os.Executable() // "" is no library's path
	var out []results.File
	for _, path := range slices.Compact(paths) {
		if path == "" || path == self {
			continue
		}
		if sum, err := dylib.SHA256(path); err == nil {
			out = append(out, results.File{Path: path, SHA256: sum})
		}
	}
	return out
}

// Obeyed says by their beginnings which environment variables change what a library runs.
type Obeyed struct{ Prefixes, Except []string }

// Variables are those of this process, secrets left out; nil where there are none.
func (o Obeyed) Variables() map[string]string {
	var out map[string]string
	for _, v := range home.Environ() {
		name, value, _ := strings.Cut(v, "=")
		begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		if !slices.ContainsFunc(o.Prefixes, begins) || slices.ContainsFunc(o.Except, begins) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = value
	}
	return out
}
