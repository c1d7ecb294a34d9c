package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"assay/predict/tensorfile"
)

// Writer collects the tensors of a file to be written. The same calls in the
// same order give the same bytes. The first mistake is kept and returned by
// Header and Create. The zero Writer is ready for use.
type Writer struct {
	// Metadata is the header's __metadata__. MLX writes and looks for
	// {"format": "mlx"}.
	Metadata map[string]string

	tensors []Tensor
	names   map[string]bool
	size    int64
	err     error
}

// Fill writes the data of a tensor: t.Bytes bytes, or none, which leaves zeros
// that take no space on disk.
type Fill func(t Tensor, w io.Writer) error

// Add adds a tensor behind those added before; no shape makes a scalar.
func (w *Writer) Add(name string, dtype DType, shape ...int64) {
	if w.err != nil {
		return
	}
	size, err := dtype.bytes(shape)
	switch {
	case err != nil:
		w.err = fmt.Errorf("tensor %q: %w", name, err)
	case name == "__metadata__" || w.names[name]:
		w.err = fmt.Errorf("tensor %q: the name is taken", name)
	case size > math.MaxInt64/2-w.size:
		w.err = fmt.Errorf("tensor %q: the file would take 2^62 bytes or more", name)
	default:
		if w.names == nil {
			w.names = map[string]bool{}
		}
		w.names[name] = true
		w.tensors = append(w.tensors, Tensor{
			Name: name, DType: dtype, Shape: append([]int64{}, shape...), Offset: w.size, Bytes: size,
		})
		w.size += size
	}
}

// Tensors are the tensors added so far, with the offsets that they will have.
func (w *Writer) Tensors() []Tensor { return slices.Clone(w.tensors) }

// Header is everything before the data: the length and the JSON, padded with
// spaces to a multiple of 8 bytes.
func (w *Writer) Header() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	b := append(make([]byte, 8), '{')
	if w.Metadata != nil {
		b = appendMember(b, "__metadata__", w.Metadata)
	}
	for _, t := range w.tensors {
		b = appendMember(b, t.Name, struct {
			DType   DType    `json:"dtype"`
			Shape   []int64  `json:"shape"`
			Offsets [2]int64 `json:"data_offsets"`
		}{t.DType, t.Shape, [2]int64{t.Offset, t.Offset + t.Bytes}})
	}
	b = append(b, '}')
	b = append(b, bytes.Repeat([]byte(" "), -len(b)&7)...)
	if len(b)-8 > maxHeader {
		return nil, fmt.Errorf("the header would take %d bytes; at most %d are allowed", len(b)-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(b, uint64(len(b)-8))
	return b, nil
}

// Create writes the file. It appears at path when it is complete, and not at
// all after an error. With a nil fill all data are zeros that take no space on
// disk.
func (w *Writer) Create(path string, fill Fill) error {
	header, err := w.Header()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	spans := make([]tensorfile.Span, len(w.tensors))
	for i, t := range w.tensors {
		spans[i] = tensorfile.Span{Name: t.Name, Offset: t.Offset, Bytes: t.Bytes}
	}
	if fill == nil {
		return tensorfile.Create(path, header, w.size, spans, nil)
	}
	return tensorfile.Create(path, header, w.size, spans, func(i int, dst io.Writer) error {
		return fill(w.tensors[i], dst)
	})
}

// appendMember appends a member to a JSON object that is still open.
func appendMember(b []byte, name string, value any) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	// Strings, numbers and maps of strings always encode.
	key, _ := json.Marshal(name)
	val, _ := json.Marshal(value)
	return append(append(append(b, key...), ':'), val...)
}
