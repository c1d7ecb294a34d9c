package arch

import (
	"strings"

	"assay/predict/gguf"
	"assay/predict/safetensors"
)

// Tensor is one row of a tensor table. Shape is in ggml's order: Shape[0] is
// the dimension that is contiguous in memory (a matrix product's inner one).
type Tensor struct {
	Name  string  `json:"name"`
	Type  string  `json:"type"` // as ggml prints it: f32, f16, q4_K; of a packed weight, the packing
	Shape []int64 `json:"shape"`
	// Parts are the tensors that hold a packed weight, as the file has them;
	// empty where the file has the tensor itself.
	Parts []Tensor `json:"parts,omitempty"`
}

// Elements is the number of elements of the tensor: of a packed weight, those
// of the weight.
func (t Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes is what the tensor takes as stored, scales of a packed weight included;
// 0 for a type without a known size.
func (t Tensor) Bytes() int64 {
	if len(t.Parts) > 0 {
		var sum int64
		for _, p := range t.Parts {
			sum += p.Bytes()
		}
		return sum
	}
	n := t.Elements()
	if n == 0 {
		return 0
	}
	inner := int64(1) // of a scalar
	if len(t.Shape) > 0 {
		inner = t.Shape[0]
	}
	if typ, err := gguf.ParseType(t.Type); err == nil {
		if row, err := typ.RowBytes(inner); err == nil {
			return row * (n / inner)
		}
	}
	return safetensors.DType(strings.ToUpper(t.Type)).Bits() * n / 8
}

// Stored are the tensors that the file has: the parts, or the tensor itself.
func (t Tensor) Stored() []Tensor {
	if len(t.Parts) > 0 {
		return t.Parts
	}
	return []Tensor{t}
}
