package safetensors

import (
	"fmt"

	"assay/predict/tensorfile"
)

// DType is the type of a tensor's elements, by its name in the header.
type DType string

// The types that runtimes make weights of; Bits knows more.
const (
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	U32  DType = "U32"
	U8   DType = "U8"
)

// dtypes holds the bits an element (Dtype::bitsize, safetensors/src/tensor.rs,
// safetensors 0.8.0).
var dtypes = map[DType]int64{
	"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
	"BOOL": 8, U8: 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
	"I16": 16, "U16": 16, F16: 16, BF16: 16,
	"I32": 32, U32: 32, F32: 32,
	"I64": 64, "U64": 64, "F64": 64, "C64": 64,
}

// Bits is the width of an element; 0 for a type that the format does not have.
func (d DType) Bits() int64 { return dtypes[d] }

// bytes is the size of a tensor of that shape, which must be whole bytes.
func (d DType) bytes(shape []int64) (int64, error) {
	width, ok := dtypes[d]
	if !ok {
		return 0, fmt.Errorf("unknown dtype %q", d)
	}
	bits, ok := tensorfile.Product(append([]int64{width}, shape...)...)
	if !ok {
		return 0, fmt.Errorf("the shape %v of %s has a negative dimension or 2^63 bits or more", shape, d)
	}
	if bits%8 != 0 {
		return 0, fmt.Errorf("the shape %v of %s ends inside a byte", shape, d)
	}
	return bits / 8, nil
}
