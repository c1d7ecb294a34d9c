package gguf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"assay/predict/tensorfile"
)

// Error is a defect of a file, or a failure to read it, at one place.
type Error = tensorfile.Error

// window is how much a cursor reads ahead. A header with a tokenizer has some
// 10 MB, so over a network this is a few dozen range requests.
const window = 256 << 10

// cursor reads forward through a file of known size. It holds one window, so
// its memory does not depend on any count or length that the file claims.
type cursor struct {
	r    io.ReaderAt
	name string
	size int64
	pos  int64

	buf   []byte // the window
	start int64  // where in the file buf begins
	kept  int64  // bytes of strings that were read
}

// Limits on what a header may make a program hold. Real ones have some 10 MB of text,
// nearly all of it a vocabulary's, whose longest entry has some hundred bytes.
const (
	maxString  = 4 << 20
	maxText    = 256 << 20
	maxStrings = 1 << 24 // in an array
)

func newCursor(p tensorfile.Part, at int64) *cursor {
	return &cursor{r: p.R, name: p.Name, size: p.Size, pos: at}
}

func (c *cursor) left() int64 { return c.size - c.pos }

// fail describes a defect at the offset at.
func (c *cursor) fail(at int64, field, format string, args ...any) error {
	return &Error{File: c.name, Offset: at, Field: field, Err: fmt.Errorf(format, args...)}
}

// bytes returns the next n bytes, n no larger than the window; they are valid
// until the next call.
func (c *cursor) bytes(n int64, field string) ([]byte, error) {
	if n > c.left() {
		return nil, c.fail(c.pos, field, "needs %d bytes and the file ends after %d: %w", n, c.left(), io.ErrUnexpectedEOF)
	}
	if c.pos < c.start || c.pos+n > c.start+int64(len(c.buf)) {
		if err := c.load(n, field); err != nil {
			return nil, err
		}
	}
	at := c.pos - c.start
	c.pos += n
	return c.buf[at : at+n], nil
}

// load moves the window to the current position and fills it with at least
// need bytes.
func (c *cursor) load(need int64, field string) error {
	want := min(window, c.left())
	if int64(cap(c.buf)) < want {
		c.buf = make([]byte, want)
	}
	n, err := c.r.ReadAt(c.buf[:want], c.pos)
	c.buf, c.start = c.buf[:n], c.pos
	if int64(n) >= need {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = fmt.Errorf("the file shrank while it was read: %w", io.ErrUnexpectedEOF)
	}
	return &Error{File: c.name, Offset: c.pos + int64(n), Field: field, Err: err}
}

// skip moves on by n bytes without reading them.
func (c *cursor) skip(n int64, field string) error {
	if n > c.left() {
		return c.fail(c.pos, field, "needs %d bytes and the file ends after %d: %w", n, c.left(), io.ErrUnexpectedEOF)
	}
	c.pos += n
	return nil
}

func (c *cursor) u32(field string) (uint32, error) {
	b, err := c.bytes(4, field)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (c *cursor) u64(field string) (uint64, error) {
	b, err := c.bytes(8, field)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// count reads a 64-bit number of things that take at least each bytes apiece,
// and refuses one that the rest of the file cannot hold.
func (c *cursor) count(each int64, field string) (int64, error) {
	at := c.pos
	n, err := c.u64(field)
	if err != nil {
		return 0, err
	}
	if n > uint64(c.left()/each) {
		return 0, c.fail(at, field, "%d of at least %d bytes each do not fit the %d bytes that are left", n, each, c.left())
	}
	return int64(n), nil
}

// str reads a string of at most limit bytes.
func (c *cursor) str(limit int64, field string) (string, error) {
	at := c.pos
	n, err := c.count(1, field)
	if err != nil {
		return "", err
	}
	if n > limit {
		return "", c.fail(at, field, "a string of %d bytes; at most %d are allowed", n, limit)
	}
	if c.kept += n; c.kept > maxText {
		return "", c.fail(at, field, "more than %d MiB of text", maxText>>20)
	}
	if n <= window {
		b, err := c.bytes(n, field)
		return string(b), err
	}
	// Longer than the window: grown as it is read, as far as it can be read.
	b, err := io.ReadAll(io.NewSectionReader(c.r, c.pos, n))
	if err == nil && int64(len(b)) < n {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", &Error{File: c.name, Offset: c.pos + int64(len(b)), Field: field, Err: err}
	}
	return string(b), c.skip(n, field)
}
