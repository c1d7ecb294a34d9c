package tensorfile

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// Part is one file of a model.
type Part struct {
	Name string
	R    io.ReaderAt
	Size int64
	Data int64 // where the data begin, in bytes from the start of the file
}

// Section reads n bytes of data from offset on.
func (p Part) Section(offset, n int64) *io.SectionReader {
	return io.NewSectionReader(p.R, p.Data+offset, n)
}

// Parts are the files of a model, in order.
type Parts []Part

// Close closes the parts that can be closed.
func (ps Parts) Close() error {
	var errs []error
	for _, p := range ps {
		if c, ok := p.R.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// HeaderSHA256 is the hash of all that stands before the data, part by part: it
// tells models apart without reading their weights.
func (ps Parts) HeaderSHA256() (string, error) {
	hash := sha256.New()
	for _, p := range ps {
		if _, err := io.Copy(hash, io.NewSectionReader(p.R, 0, min(p.Data, p.Size))); err != nil {
			return "", fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// Load opens a regular file and reads it; what cannot be read is closed again.
func Load[F any](path string, read func(r io.ReaderAt, size int64, name string) (*F, error)) (*F, error) {
	r, size, err := Open(path)
	if err != nil {
		return nil, err
	}
	f, err := read(r, size, path)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return f, nil
}

// Open opens a regular file and returns its size.
func Open(path string) (*os.File, int64, error) {
	// Opening a pipe waits for a writer, so its kind is asked for first.
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s: is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	if info, err = f.Stat(); err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}
