package home

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

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
	f, err := OpenInto(path)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// OpenInto opens what is no regular file for writing. A pipe that nobody reads is
// refused: opening it would wait for a reader, maybe for ever.
func OpenInto(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) {
		return nil, fmt.Errorf("%q is a pipe that nobody reads; start what reads it first", path)
	}
	return f, err
}
