package safetensors

import "assay/predict/tensorfile"

// Error is a defect of a file, or a failure to read it, at one place.
type Error = tensorfile.Error

// Tensor describes one tensor; its data stay in the file.
type Tensor struct {
	Name  string
	DType DType
	// Shape is in row-major order: the last is the contiguous dimension. A
	// scalar has none.
	Shape []int64
	// Offset is where the data begin, in bytes from the end of the header, and
	// Bytes how long they are.
	Offset, Bytes int64
	// Part is the number of the shard, from 0.
	Part int
}

// Elements is the product of the shape.
func (t Tensor) Elements() int64 {
	n, _ := tensorfile.Product(t.Shape...) // checked when it was read or added
	return n
}
