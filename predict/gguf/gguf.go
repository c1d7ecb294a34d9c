// Package gguf reads and writes GGUF, the model file of ggml and llama.cpp:
// typed metadata, a table of tensors, and their data. It knows the format and
// nothing of what the keys mean; predict/arch gives them their meaning.
//
// A reader trusts no number in a file: memory follows what was really read,
// never a count or a length that a file claims, and every defect is an *Error
// with the file, the offset and the field.
//
// The layout is that of ggml/src/gguf.cpp and docs/gguf.md in ggml (llama.cpp
// v0.5.0): versions 2 and 3, little-endian.
package gguf

import (
	"io"
	"slices"

	"assay/predict/tensorfile"
)

// File is the header of a model: one file, or all parts of a split one.
type File struct {
	// Name is the path given to Open, or the name given to Read.
	Name    string
	Version uint32
	// Tensors are in the order of the file, and of the parts.
	Tensors []Tensor

	keys  []string
	meta  map[string]Value
	parts tensorfile.Parts
}

// Read reads the header of one file of size bytes. Nothing of r is read but
// the header and, later, the arrays and tensor data that are asked for, so r
// may fetch ranges over a network. The name appears in errors.
func Read(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{Name: name, meta: map[string]Value{}}
	part := tensorfile.Part{Name: name, R: r, Size: size}
	c := newCursor(part, 0)
	nTensors, nKeys, err := f.readCounts(c)
	if err != nil {
		return nil, err
	}
	alignment, err := f.readMetadata(c, nKeys)
	if err != nil {
		return nil, err
	}
	at, err := f.readTensors(c, nTensors)
	if err != nil {
		return nil, err
	}
	part.Data = pad(c.pos, alignment)
	if err := checkData(part, f.Tensors, at, alignment); err != nil {
		return nil, err
	}
	f.parts = tensorfile.Parts{part}
	return f, nil
}

// Close closes the files, one given to Read included. Arrays and tensor data cannot be read after
// it; scalars and the tensor table can.
func (f *File) Close() error { return f.parts.Close() }

// Keys are the metadata keys in the order of the file.
func (f *File) Keys() []string { return slices.Clone(f.keys) }

// Lookup returns the metadata value of a key.
func (f *File) Lookup(key string) (Value, bool) {
	v, ok := f.meta[key]
	return v, ok
}

// Data reads the data of one of the file's tensors.
func (f *File) Data(t Tensor) *io.SectionReader { return f.parts[t.Part].Section(t.Offset, t.Bytes()) }
