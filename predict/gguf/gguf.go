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
	"fmt"
	"io"
	"slices"

	"assay/predict/tensorfile"
)

// ErrNoKey is the cause of an error about a metadata key that is not there.
var ErrNoKey = errors.New("no such metadata key")

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

// Get reads a scalar. An integer of any width serves where its value fits T,
// and an f32 where T is float64; everything else must match. Errors name the
// file, the key, what was wanted and what is there; ErrNoKey is their cause
// where the key is missing.
func Get[T Scalar](f *File, key string) (T, error) {
	var out T
	v, ok := f.Lookup(key)
	if !ok {
		return out, fmt.Errorf("%s: %w: %q", f.Name, ErrNoKey, key)
	}
	if v.kind == KindArray || !assign(&out, v.scalar) {
		return out, fmt.Errorf("%s: metadata key %q: want a value of %T, have %s", f.Name, key, out, describe(v))
	}
	return out, nil
}

// Array reads the elements of an array from the file, converted as in Get. A
// scalar is read as an array of one.
func Array[T Scalar](f *File, key string) ([]T, error) {
	v, ok := f.Lookup(key)
	if !ok {
		return nil, fmt.Errorf("%s: %w: %q", f.Name, ErrNoKey, key)
	}
	if v.kind != KindArray {
		one, err := Get[T](f, key)
		return []T{one}, err
	}
	c := newCursor(f.parts[0], v.at)
	var out []T // grown as elements are read: the count is only the file's claim
	field := fmt.Sprintf("metadata key %q", key)
	for i := range v.count {
		s, err := c.scalar(v.elem, field)
		if err != nil {
			return nil, err
		}
		var e T
		if !assign(&e, s) {
			return nil, fmt.Errorf("%s: metadata key %q: element %d: want a value of %T, have %s %v", f.Name, key, i, e, v.elem, s)
		}
		out = append(out, e)
	}
	return out, nil
}
