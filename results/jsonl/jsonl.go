// Package jsonl reads and writes runs as JSON Lines, a record a line; half a line at the
// end is what a killed writer leaves. It must not know of stores and of other formats.
package jsonl

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"assay/results"
)

// maxLine bounds one record: a model of 1,000 layers needs less than 1 MiB.
const maxLine = 64 << 20

// Reader reads records from a JSON Lines stream. Unknown fields are ignored,
// so that an older program reads what a newer one of the same schema wrote.
type Reader struct {
	in   *bufio.Reader
	name string
	line int
	err  error
}

// NewReader returns a reader of r; name stands in its errors.
func NewReader(r io.Reader, name string) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 1<<16), name: name}
}

// LineError is a line that is not a record.
type LineError struct {
	Name string
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.Name, e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// TruncatedError is a last line that breaks off: its writer was killed before
// it acknowledged the record. The records before it are sound.
type TruncatedError struct {
	Name string
	Line int
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("%s:%d: the last line breaks off; its record was not finished and is left out", e.Name, e.Line)
}

// Read returns the next record. It returns io.EOF after the last one, a
// [*TruncatedError] for half a line at the end and a [*LineError] for a line
// that is not a valid record; after any of these it stays there.
func (r *Reader) Read() (results.Record, error) {
	if r.err != nil {
		return results.Record{}, r.err
	}
	rec, err := r.read()
	r.err = err
	return rec, err
}

func (r *Reader) read() (results.Record, error) {
	for {
		line, ended, err := r.next()
		if err != nil {
			return results.Record{}, err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			if !ended {
				return results.Record{}, io.EOF
			}
			continue
		}
		var rec results.Record
		if err := json.Unmarshal(line, &rec); err != nil {
			var syntax *json.SyntaxError
			if !ended && errors.As(err, &syntax) {
				return results.Record{}, &TruncatedError{r.name, r.line}
			}
			return results.Record{}, &LineError{r.name, r.line, fmt.Errorf("no record in JSON: %w; remove the line, or get the file again", err)}
		}
		if err := rec.Validate(); err != nil {
			return results.Record{}, &LineError{r.name, r.line, err}
		}
		return rec, nil
	}
}

// next returns the next line and whether a newline ended it.
func (r *Reader) next() (line []byte, ended bool, err error) {
	r.line++
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, true, nil
		case err == io.EOF:
			return line, false, nil
		case err != bufio.ErrBufferFull:
			return nil, false, fmt.Errorf("read %s: %w", r.name, err)
		case len(line) > maxLine:
			return nil, false, &LineError{r.name, r.line, fmt.Errorf("the line is longer than %d MiB", maxLine>>20)}
		}
	}
}

// Writer writes records as JSON Lines. A record whose Write returned nil is
// on the disk when the output is a file, whatever happens to the process or
// the machine afterwards. After a failed write it stays failed, so that a line
// that broke off remains the last one.
type Writer struct {
	out    io.Writer
	sync   func() error
	closer io.Closer
	err    error
}

// NewWriter returns a writer to w, which is synced after every record if it
// is a regular file.
func NewWriter(w io.Writer) *Writer {
	out := &Writer{out: w}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			out.sync = f.Sync
		}
	}
	return out
}

// Append opens a JSON Lines file for writing behind what is in it, and makes
// it if it is not there. Half a line that a killed writer left at the end is
// cut off first: it was never acknowledged.
func Append(name string) (*Writer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := seekBehind(f); err != nil {
		return nil, errors.Join(fmt.Errorf("append to %s: %w", name, err), f.Close())
	}
	w := NewWriter(f)
	w.closer = f
	return w, nil
}

// seekBehind moves f behind its last whole line and cuts off what follows.
func seekBehind(f *os.File) error {
	in := bufio.NewReader(f)
	var end, pos int64
	var last []byte
	for {
		part, err := in.ReadSlice('\n')
		pos += int64(len(part))
		last = append(last, part...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		end, last = pos, last[:0]
	}
	if len(last) > 0 && json.Valid(last) { // an editor left out the last newline
		_, err := f.WriteAt([]byte("\n"), pos)
		if err != nil {
			return err
		}
		end = pos + 1
	} else if err := f.Truncate(end); err != nil {
		return err
	}
	_, err := f.Seek(end, io.SeekStart)
	return err
}

// Write writes one record. A record that is not valid is refused and nothing
// of it is written.
func (w *Writer) Write(rec results.Record) error {
	if w.err != nil {
		return w.err
	}
	if err := rec.Validate(); err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	line, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("write record: %w", err)
	}
	_, err = w.out.Write(append(line, '\n'))
	if err == nil && w.sync != nil {
		err = w.sync()
	}
	if err != nil {
		w.err = fmt.Errorf("write record: %w", err)
	}
	return w.err
}

// Close closes the file that [Append] opened; the output of [NewWriter] is
// its caller's.
func (w *Writer) Close() error {
	if w.closer == nil {
		return nil
	}
	return w.closer.Close()
}
