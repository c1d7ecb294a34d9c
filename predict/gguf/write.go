package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"assay/predict/tensorfile"
)

// Writer collects the metadata and the tensors of a file to be written. The
// same calls in the same order give the same bytes. The first mistake is kept
// and returned by Header and Create, so that calls need no check each. The
// zero Writer is ready for use.
type Writer struct {
	keys    []string
	values  [][]byte // kind and value, encoded
	tensors []Tensor
	names   map[string]bool
	size    int64 // of the data section
	err     error
}

// maxData keeps every offset far from an overflow.
const maxData = math.MaxInt64 / 2

// Fill writes the data of a tensor: t.Bytes() bytes, or none, which leaves
// zeros that take no space on disk.
type Fill func(t Tensor, w io.Writer) error

// Set adds a metadata key. The value is a Scalar or a slice of them; its Go
// type decides the kind, so that a count is uint32(32) and not 32. The
// alignment is the format's own 32 and cannot be set.
func (w *Writer) Set(key string, value any) {
	b, err := appendValue(nil, value)
	switch {
	case w.err != nil:
	case err != nil:
		w.err = fmt.Errorf("metadata key %q: %w", key, err)
	case key == "" || len(key) > maxKey:
		w.err = fmt.Errorf("metadata key %.60q has %d bytes; 1 to %d are allowed", key, len(key), maxKey)
	case key == alignmentKey:
		w.err = fmt.Errorf("metadata key %q: is not to be set; the alignment is %d", key, defaultAlignment)
	case slices.Contains(w.keys, key):
		w.err = fmt.Errorf("metadata key %q is set twice", key)
	default:
		w.keys = append(w.keys, key)
		w.values = append(w.values, b)
	}
}

// AddTensor adds a tensor behind those added before; shape is in ggml's order,
// row length first.
func (w *Writer) AddTensor(name string, typ Type, shape ...int64) {
	if w.err != nil {
		return
	}
	t := Tensor{Name: name, Type: typ, Shape: slices.Clone(shape), Offset: w.size}
	if err := t.check(); err != nil {
		w.err = fmt.Errorf("tensor %q: %w", name, err)
		return
	}
	switch {
	case len(shape) == 0:
		w.err = fmt.Errorf("tensor %q: has no dimension", name)
		return
	case w.names[name]:
		w.err = fmt.Errorf("tensor %q is added twice", name)
		return
	case t.Bytes() > maxData-w.size:
		w.err = fmt.Errorf("tensor %q: the file would take 2^62 bytes or more", name)
		return
	case w.names == nil:
		w.names = map[string]bool{}
	}
	w.names[name] = true
	w.tensors = append(w.tensors, t)
	w.size = pad(w.size+t.Bytes(), defaultAlignment)
}

// Tensors are the tensors added so far, with the offsets that they will have.
func (w *Writer) Tensors() []Tensor { return slices.Clone(w.tensors) }

// Keys are the keys set so far.
func (w *Writer) Keys() []string { return slices.Clone(w.keys) }

// DataBytes is the size of the data section so far.
func (w *Writer) DataBytes() int64 { return w.size }

// Header is everything before the tensor data, padded.
func (w *Writer) Header() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	le := binary.LittleEndian
	b := append([]byte(nil), magic...)
	b = le.AppendUint32(b, 3)
	b = le.AppendUint64(b, uint64(len(w.tensors)))
	b = le.AppendUint64(b, uint64(len(w.keys)))
	for i, key := range w.keys {
		b = appendString(b, key)
		b = append(b, w.values[i]...)
	}
	for _, t := range w.tensors {
		b = appendString(b, t.Name)
		b = le.AppendUint32(b, uint32(len(t.Shape)))
		for _, d := range t.Shape {
			b = le.AppendUint64(b, uint64(d))
		}
		b = le.AppendUint32(b, uint32(t.Type))
		b = le.AppendUint64(b, uint64(t.Offset))
	}
	return append(b, make([]byte, pad(int64(len(b)), defaultAlignment)-int64(len(b)))...), nil
}

// Create writes the file. It appears at path when it is complete, and not at
// all after an error. With a nil fill all data are zeros that take no space on
// disk, whatever the size: a model of any shape is written in an instant.
func (w *Writer) Create(path string, fill Fill) error {
	header, err := w.Header()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	spans := make([]tensorfile.Span, len(w.tensors))
	for i, t := range w.tensors {
		spans[i] = tensorfile.Span{Name: t.Name, Offset: t.Offset, Bytes: t.Bytes()}
	}
	if fill == nil {
		return tensorfile.Create(path, header, w.size, spans, nil)
	}
	return tensorfile.Create(path, header, w.size, spans, func(i int, dst io.Writer) error {
		return fill(w.tensors[i], dst)
	})
}
