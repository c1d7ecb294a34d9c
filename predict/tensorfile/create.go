package tensorfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// Span is where the data of a tensor lie: Bytes long, Offset bytes behind the header.
type Span struct {
	Name   string
	Offset int64
	Bytes  int64
}

// Create writes a file of header and dataBytes of data. fill writes the data
// of spans[i]: all of its bytes, or none, which leaves zeros that take no space
// on disk; with a nil fill that is so for every span, and a file of any size
// is written in an instant. The file appears at path when it is complete, and
// not at all after an error.
func Create(path string, header []byte, dataBytes int64, spans []Span, fill func(i int, w io.Writer) error) error {
	return Replace(path, func(f *os.File) error { return write(f, header, dataBytes, spans, fill) })
}

// Replace writes a file beside path and puts it in path's place when it is
// complete and on the disk, with the name of the folder's entry: after a crash or
// an error path holds what it held before, or all of the new.
func Replace(path string, write func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", path, err), os.Remove(f.Name()))
		}
	}()
	err = f.Chmod(0o644)
	if err == nil {
		err = write(f)
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder brings a folder's entries to the disk, where its file system can.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

func write(f *os.File, header []byte, dataBytes int64, spans []Span, fill func(int, io.Writer) error) error {
	// Taking the full size first makes every byte that is not written a zero.
	if err := f.Truncate(int64(len(header)) + dataBytes); err != nil {
		return err
	}
	if _, err := f.WriteAt(header, 0); err != nil {
		return err
	}
	if fill == nil {
		return nil
	}
	buf := bufio.NewWriterSize(nil, 1<<20)
	for i, s := range spans {
		buf.Reset(io.NewOffsetWriter(f, int64(len(header))+s.Offset))
		exact := &exactWriter{w: buf, left: s.Bytes}
		if err := fill(i, exact); err != nil {
			return fmt.Errorf("tensor %q: %w", s.Name, err)
		}
		if exact.left != 0 && exact.left != s.Bytes {
			return fmt.Errorf("tensor %q: %d bytes were written of %d", s.Name, s.Bytes-exact.left, s.Bytes)
		}
		if err := buf.Flush(); err != nil {
			return fmt.Errorf("tensor %q: %w", s.Name, err)
		}
	}
	return nil
}

// exactWriter refuses more bytes than a tensor has.
type exactWriter struct {
	w    io.Writer
	left int64
}

func (e *exactWriter) Write(b []byte) (int, error) {
	if int64(len(b)) > e.left {
		return 0, fmt.Errorf("%d bytes more than the tensor holds", int64(len(b))-e.left)
	}
	n, err := e.w.Write(b)
	e.left -= int64(n)
	return n, err
}
