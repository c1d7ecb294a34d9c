package gguf

import (
	"fmt"
	"strings"

	"assay/predict/tensorfile"
)

// Limits of ggml that a file has to keep (ggml/include/ggml.h, llama.cpp v0.5.0).
const (
	maxDims = 4  // GGML_MAX_DIMS
	maxName = 63 // GGML_MAX_NAME less the closing NUL
)

// Tensor describes one tensor of a file; its data stays where it is.
type Tensor struct {
	Name string
	Type Type
	// Shape counts elements a dimension, ggml's order: the first is the length
	// of a row. A tensor that was read or added has one to four.
	Shape []int64
	// Offset is where the data begin, in bytes from the start of the data
	// section of the part that holds them.
	Offset int64
	// Part is the number of the file within a split model, from 0.
	Part int
}

// Elements is the product of the shape.
func (t Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes is the size of the data (ggml_nbytes of a contiguous tensor).
func (t Tensor) Bytes() int64 {
	b := t.Type.BlockElements()
	if b == 0 {
		return 0
	}
	return t.Elements() / b * t.Type.BlockBytes()
}

// check says what is wrong with the name, the shape or the type. A tensor that
// passes has Elements and Bytes below 2^63.
func (t Tensor) check() error {
	if err := checkTensorName(t.Name); err != nil {
		return err
	}
	if len(t.Shape) > maxDims {
		return fmt.Errorf("%d dimensions, and ggml has at most %d", len(t.Shape), maxDims)
	}
	for i, d := range t.Shape {
		if d < 0 {
			return fmt.Errorf("dimension %d has %d elements, which is 2^63 or more", i, uint64(d))
		}
	}
	if _, ok := tensorfile.Product(t.Shape...); !ok {
		return fmt.Errorf("the shape %v has 2^63 elements or more", t.Shape)
	}
	if len(t.Shape) == 0 {
		return t.Type.check()
	}
	row, err := t.Type.RowBytes(t.Shape[0])
	if err != nil {
		return err
	}
	if _, ok := tensorfile.Product(append([]int64{row}, t.Shape[1:]...)...); !ok {
		return fmt.Errorf("the shape %v of %s takes 2^63 bytes or more", t.Shape, t.Type)
	}
	return nil
}

func checkTensorName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("the name is empty")
	case len(name) > maxName:
		return fmt.Errorf("the name %q has %d bytes, and ggml takes at most %d", name, len(name), maxName)
	case strings.ContainsRune(name, 0):
		return fmt.Errorf("the name %q holds a NUL byte", name)
	}
	return nil
}
