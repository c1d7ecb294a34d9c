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
	"errors"
	"io"
	"slices"
)

// File is the header of a model: one file, or all parts of a split one.
type File struct {
	// Name is the path given to Open, or the name given to Read.
	Name    string
	Version uint32
	// Tensors are in the order of the file, and of the parts.
	Tensors []Tensor

	keys   []string
	meta   map[string]Value
	parts  []part
	opened []io.Closer
}

// part is one file of a model.
type part struct {
	name string
	r    io.ReaderAt
	size int64
	data int64 // where the data section begins
}

func (p part) cursor(at int64) *cursor {
	return &cursor{r: p.r, name: p.name, size: p.size, pos: at}
}

// Read reads the header of one file of size bytes. Nothing of r is read but
// the header and, later, the arrays and tensor data that are asked for, so r
// may fetch ranges over a network. The name appears in errors.
func Read(r io.ReaderAt, size int64, name string) (*File, error) {
	f := &File{Name: name, meta: map[string]Value{}}
	c := part{name: name, r: r, size: size}.cursor(0)
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
	p := part{name: name, r: r, size: size, data: pad(c.pos, alignment)}
	if err := p.checkData(f.Tensors, at, alignment); err != nil {
		return nil, err
	}
	f.parts = []part{p}
	return f, nil
}

// Close closes what Open opened. Arrays and tensor data cannot be read after
// it; scalars and the tensor table can.
func (f *File) Close() error {
	var errs []error
	for _, c := range f.opened {
		errs = append(errs, c.Close())
	}
	f.opened = nil
	return errors.Join(errs...)
}

// Keys are the metadata keys in the order of the file.
func (f *File) Keys() []string { return slices.Clone(f.keys) }

// Lookup returns the metadata value of a key.
func (f *File) Lookup(key string) (Value, bool) {
	v, ok := f.meta[key]
	return v, ok
}

// Parts are the names of the files that the model consists of.
func (f *File) Parts() []string {
	names := make([]string, len(f.parts))
	for i, p := range f.parts {
		names[i] = p.name
	}
	return names
}

// Data reads the data of one of the file's tensors.
func (f *File) Data(t Tensor) *io.SectionReader {
	p := f.parts[t.Part]
	return io.NewSectionReader(p.r, p.data+t.Offset, t.Bytes())
}
