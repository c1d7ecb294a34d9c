package dylib

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sumsName is the file, of a name of its own, in which an installer lists what it put into a folder, as
// sha256sum prints it and sha256sum -c reads it.
const sumsName = "assay.sha256"

// WriteSums lists the files of a folder, those in folders below it too, in a file of
// it, for Verify.
func WriteSums(folder string) error {
	var lines []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || path == filepath.Join(folder, sumsName) {
			return err
		}
		sum, err := SHA256(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		lines = append(lines, sum+"  "+filepath.ToSlash(name)+"\n")
		return err
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, sumsName), []byte(strings.Join(lines, "")), 0o644)
}

// AlteredError says that a library is not the one that was installed.
type AlteredError struct {
	Path string
	Why  string
}

func (e *AlteredError) Error() string {
	return fmt.Sprintf("%s %s; remove %s and run assay libs install", e.Path, e.Why, filepath.Dir(e.Path))
}

// Is reports that the error is ErrUnusable.
func (e *AlteredError) Is(target error) bool { return target == ErrUnusable }

// Verify checks the libraries of a folder that assay installed, before any is loaded,
// against the hashes that they had then: one that was altered or added is an
// *AlteredError. A library that was taken away is the loader's to miss. Of a folder
// without a list, which somebody else filled, nothing is known.
func Verify(folder string) error {
	sums, err := readSums(filepath.Join(folder, sumsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		if entry.IsDir() || !isLibrary(path) {
			continue
		}
		want, listed := sums[entry.Name()]
		if !listed {
			return &AlteredError{path, "was not installed with the libraries beside it"}
		}
		got, err := SHA256(path)
		if err != nil {
			return err
		}
		if got != want {
			return &AlteredError{path, fmt.Sprintf("was altered since it was installed (SHA-256 %.12s instead of %.12s)", got, want)}
		}
	}
	return nil
}

// isLibrary says whether code is loaded from a file: a library's, or a GPU's kernels.
func isLibrary(path string) bool {
	name := filepath.Base(path)
	return strings.Contains(name, ".so") || slices.Contains([]string{".dylib", ".metallib", ".metal"}, filepath.Ext(name))
}

// readSums reads a list as WriteSums leaves it: hashes by name.
func readSums(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	sums := map[string]string{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok || len(sum) != 64 {
			return nil, &AlteredError{path, "does not list files with their hashes"}
		}
		sums[name] = sum
	}
	return sums, lines.Err()
}
