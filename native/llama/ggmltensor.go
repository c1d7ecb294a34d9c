package llama

import "structs"

// tensor is struct ggml_tensor of ggml.h, alike in all seven releases (336
// bytes, compiled and compared; checkTensorLayout tests it in the library that
// runs).
type tensor struct {
	_        structs.HostLayout
	typ      int32
	buffer   uintptr
	ne       [4]int64
	nb       [4]uint64
	op       int32
	opParams [16]int32
	flags    int32
	src      [10]*tensor
	viewSrc  *tensor
	viewOffs uint64
	data     uintptr
	name     [64]byte
	extra    uintptr
	_        [8]byte
}

// typeCount is above GGML_TYPE_COUNT of every release.
const typeCount = 64
