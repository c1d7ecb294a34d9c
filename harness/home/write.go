package home

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"assay/predict/tensorfile"
)

// WriteFile writes a file that is there as a whole or as it was before, also
// after a crash. What a link names is written, and not the link; what is no
// regular file, such as a pipe or a terminal, is written into.
func WriteFile(name string, text []byte) error {
	path, err := filepath.EvalSymlinks(name)
	if errors.Is(err, fs.ErrNotExist) {
		path, err = name, nil
	}
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeInto(path, text)
	}
	return tensorfile.Replace(path, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
}

func writeInto(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
