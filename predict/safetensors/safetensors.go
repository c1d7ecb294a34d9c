// Package safetensors reads and writes safetensors, the weights file of Hugging
// Face and MLX: a JSON header and the data of tensors behind it, in one file or
// in shards named by an index. It knows the format and nothing of the model
// that the names describe.
//
// A reader trusts nothing in a file: what it holds grows with what was read,
// and every defect is an *Error with the file, the offset and the field. The
// rules are those of safetensors/src/tensor.rs (safetensors 0.8.0).
package safetensors

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"assay/predict/tensorfile"
)

// File is the header of a model's weights: one file, or all shards.
type File struct {
	// Name is the path given to Open, or the name given to Read.
	Name string
	// Metadata is the header's __metadata__; of shards, the first one's.
	Metadata map[string]string
	// Tensors are in the order of their data, and of the shards.
	Tensors []Tensor

	parts tensorfile.Parts
}

// Close closes the files, one given to Read included.
func (f *File) Close() error { return f.parts.Close() }

// Data reads the data of one of the file's tensors.
func (f *File) Data(t Tensor) *io.SectionReader { return f.parts[t.Part].Section(t.Offset, t.Bytes) }

// HeaderSHA256 is the hash of the headers of all files.
func (f *File) HeaderSHA256() (string, error) { return f.parts.HeaderSHA256() }

// maxHeader is the longest header that the format allows (MAX_HEADER_SIZE).
const maxHeader = 100_000_000

// Read reads the header of one file of size bytes; the rest of r is read when
// data are asked for. The name appears in errors.
func Read(r io.ReaderAt, size int64, name string) (*File, error) {
	h := header{name: name}
	const field = "header length"
	if size < 8 {
		return nil, h.fail(0, field, "needs 8 bytes and the file has %d: %w", size, io.ErrUnexpectedEOF)
	}
	var b [8]byte
	if n, err := r.ReadAt(b[:], 0); n < len(b) {
		return nil, &Error{File: name, Field: field, Err: err}
	}
	length := binary.LittleEndian.Uint64(b[:])
	if length > maxHeader {
		return nil, h.fail(0, field, "%d bytes; at most %d are allowed, so this is no safetensors file", length, maxHeader)
	}
	if int64(length) > size-8 {
		return nil, h.fail(0, field, "%d bytes and the file ends after %d: it is truncated, get it again", length, size-8)
	}
	if err := h.parse(io.NewSectionReader(r, 8, int64(length))); err != nil {
		return nil, err
	}
	part := tensorfile.Part{Name: name, R: r, Size: size, Data: 8 + int64(length)}
	f := &File{Name: name, Metadata: h.metadata, parts: tensorfile.Parts{part}}
	var err error
	f.Tensors, err = h.layOut(size - part.Data)
	return f.unless(err)
}

// unless returns f, or nothing beside an error.
func (f *File) unless(err error) (*File, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// layOut orders the tensors by their data and checks that those fill the bytes
// behind the header without gap or overlap.
func (h *header) layOut(size int64) ([]Tensor, error) {
	slices.SortStableFunc(h.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Bytes, b.Bytes))
	})
	var tensors []Tensor
	var end int64
	for _, e := range h.entries {
		field := fmt.Sprintf("tensor %q", e.Name)
		switch {
		case e.Offset < end:
			return nil, h.fail(e.at, field, "the data at %d overlap those of %q, which end at %d", e.Offset, tensors[len(tensors)-1].Name, end)
		case e.Offset > size || e.Bytes > size-e.Offset:
			return nil, h.fail(e.at, field, "the data end at %d and the file's at %d: it is truncated, get it again", e.Offset+e.Bytes, size)
		case e.Offset > end:
			return nil, h.fail(e.at, field, "the data begin at %d, and those before end at %d: no tensor has the bytes between", e.Offset, end)
		}
		end = e.Offset + e.Bytes
		tensors = append(tensors, e.Tensor)
	}
	if end != size {
		return nil, h.fail(0, "data", "%d bytes behind the last tensor's", size-end)
	}
	return tensors, nil
}
