package dylib

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// ErrUnusable is what every error of this package is, so that a caller can
// tell "no usable runtime" from other failures with errors.Is.
var ErrUnusable = errors.New("no usable library")

// Spec says which library is wanted and where it may be.
type Spec struct {
	// Product is the name for messages and the folder in the cache ("llama.cpp").
	Product string
	// Stem is the file name without prefix, version and suffix ("llama" for libllama.so).
	Stem string
	// Env names the variable that holds a file or a folder and wins over the search.
	Env string
	// Version is the release that is taken first of those in the cache ("v0.5.0").
	Version string
	// Formulae are the Homebrew formulae that install the library.
	Formulae []string
	// Remedy is the sentence that tells the user what to do when nothing is found.
	Remedy string
}

// Machine is where a search takes place. Tests describe one; Here is the real one.
type Machine struct {
	GOOS, GOARCH string
	// Root stands before every absolute path of the system ("" for the real one).
	Root   string
	Getenv func(string) string
	// CacheDir answers the user's cache folder.
	CacheDir func() (string, error)
}

// Here is the machine that this process runs on.
func Here() Machine {
	return Machine{GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Getenv: os.Getenv, CacheDir: os.UserCacheDir}
}

// NotFoundError says that no place held the library.
type NotFoundError struct {
	Spec Spec
	// Tried lists the folders and files that were looked at, in order.
	Tried []string
	// Forced is true when the environment variable named the only place.
	Forced bool
}

func (e *NotFoundError) Error() string {
	if e.Forced {
		return fmt.Sprintf("%s names %s, but no lib%s is there; correct or unset %s",
			e.Spec.Env, strings.Join(e.Tried, ", "), e.Spec.Stem, e.Spec.Env)
	}
	return fmt.Sprintf("no %s library (lib%s) in %s; %s (or name it with %s)",
		e.Spec.Product, e.Spec.Stem, strings.Join(e.Tried, ", "), e.Spec.Remedy, e.Spec.Env)
}

// Is reports that the error is ErrUnusable.
func (e *NotFoundError) Is(target error) bool { return target == ErrUnusable }

// Home is the folder of assay's own files: ASSAY_HOME, or assay in the user's
// cache folder.
func (m Machine) Home() (string, error) {
	if home := m.Getenv("ASSAY_HOME"); home != "" {
		return filepath.Abs(home)
	}
	cache, err := m.CacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder (set ASSAY_HOME to choose one): %w", err)
	}
	return filepath.Join(cache, "assay"), nil
}

// CacheFolder is where an installed release of a product lies.
func (m Machine) CacheFolder(product, version string) (string, error) {
	home, err := m.Home()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, "lib", product, version), nil
}

// Find answers the absolute path of the library: the file or folder that the
// environment names and nothing else, otherwise the first hit in assay's own
// cache, below Homebrew's prefixes (macOS) or in the system's library folders.
// The error is a *NotFoundError.
func (m Machine) Find(spec Spec) (string, error) {
	if named := m.Getenv(spec.Env); named != "" {
		if path := m.at(named, spec.Stem); path != "" {
			return filepath.Abs(path)
		}
		return "", &NotFoundError{Spec: spec, Tried: []string{named}, Forced: true}
	}
	folders := slices.Concat(m.cacheFolders(spec), m.homebrewFolders(spec), m.systemFolders())
	for _, folder := range folders {
		if path := m.Match(folder, spec.Stem); path != "" {
			return filepath.Abs(path)
		}
	}
	return "", &NotFoundError{Spec: spec, Tried: folders}
}

// at answers the library at a path that the user named, a file or a folder.
func (m Machine) at(path, stem string) string {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return ""
	case info.IsDir():
		return m.Match(path, stem)
	}
	return path
}

// cacheFolders lists the product's releases in assay's cache: the wanted one,
// then the others, newest first.
func (m Machine) cacheFolders(spec Spec) []string {
	parent, err := m.CacheFolder(spec.Product, "")
	if err != nil {
		return nil
	}
	var versions []string
	entries, err := os.ReadDir(parent)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return []string{parent}
	}
	for _, entry := range entries {
		if name := entry.Name(); name != spec.Version && !strings.HasPrefix(name, ".") {
			versions = append(versions, name)
		}
	}
	slices.SortFunc(versions, func(a, b string) int { return CompareVersions(b, a) })
	if spec.Version != "" {
		versions = append([]string{spec.Version}, versions...)
	}
	folders := make([]string, 0, len(versions))
	for _, version := range versions {
		folders = append(folders, filepath.Join(parent, version))
	}
	return folders
}

// homebrewFolders lists each formula's own folder and the shared one.
func (m Machine) homebrewFolders(spec Spec) []string {
	var prefixes []string
	if prefix := m.Getenv("HOMEBREW_PREFIX"); prefix != "" {
		prefixes = append(prefixes, prefix)
	}
	if m.GOOS == "darwin" {
		prefixes = append(prefixes, m.Root+"/opt/homebrew", m.Root+"/usr/local")
	}
	var folders []string
	for _, prefix := range prefixes {
		for _, formula := range spec.Formulae {
			folders = append(folders, filepath.Join(prefix, "opt", formula, "lib"))
		}
		folders = append(folders, filepath.Join(prefix, "lib"))
	}
	return folders
}

// multiarch maps Go's names to Debian's (dpkg-architecture -qDEB_HOST_MULTIARCH).
var multiarch = map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}

func (m Machine) systemFolders() []string {
	if m.GOOS != "linux" {
		return nil
	}
	folders := []string{"/usr/local/lib", "/usr/lib64", "/usr/lib"}
	if triplet := multiarch[m.GOARCH]; triplet != "" {
		folders = append([]string{"/usr/local/lib/" + triplet, "/usr/lib/" + triplet}, folders...)
	}
	for i := range folders {
		folders[i] = m.Root + folders[i]
	}
	return folders
}
