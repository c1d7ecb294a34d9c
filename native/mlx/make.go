package mlx

import (
	"math"
	"runtime"
	"unsafe"
)

// Int32s makes an array of 32-bit integers; the data is copied.
func (s *Scope) Int32s(data []int32, shape ...int) Array {
	return fromData(s, data, Int32, shape)
}

// Float32s makes an array of 32-bit floating-point numbers; the data is copied.
func (s *Scope) Float32s(data []float32, shape ...int) Array {
	return fromData(s, data, Float32, shape)
}

// Scalar makes a number of the given type without dimensions, as Python makes
// of a literal that meets an array of this type.
func (s *Scope) Scalar(number float64, t DType) Array {
	switch t {
	case Float16:
		return fromData(s, []uint16{float16(float32(number))}, t, nil)
	case BFloat16:
		return fromData(s, []uint16{bfloat16(float32(number))}, t, nil)
	case Int32, Uint32:
		return fromData(s, []int32{int32(number)}, t, nil)
	}
	return fromData(s, []float32{float32(number)}, t, nil)
}

func fromData[T any](s *Scope, data []T, t DType, shape []int) Array {
	if s.err != nil {
		return Array{}
	}
	address, n := s.ints(0, shape)
	slot := s.slot()
	*slot = s.lib.call(fnArrayNewData, ptr(unsafe.SliceData(data)), address, n, uintptr(t))
	runtime.KeepAlive(data)
	if *slot == 0 {
		s.err = s.lib.failure(fnArrayNewData)
	}
	return Array{*slot}
}

// Zeros makes an array of zeros.
func (s *Scope) Zeros(t DType, shape ...int) Array {
	address, n := s.ints(0, shape)
	return s.op(fnZeros, address, n, uintptr(t))
}

// Arange makes the numbers from start to stop (excluded) in steps.
func (s *Scope) Arange(start, stop, step float64, t DType) Array {
	if s.err != nil {
		return Array{}
	}
	slot := s.slot()
	return s.made(fnArange, slot, s.lib.cold.arange(slot, start, stop, step, int32(t), s.lib.stream))
}

// Type answers the type of an array's elements.
func (s *Scope) Type(a Array) DType {
	if s.err != nil {
		return Float32
	}
	return DType(s.lib.call(fnArrayDtype, a.handle))
}

// Shape answers an array's dimensions.
func (s *Scope) Shape(a Array) []int {
	if s.err != nil {
		return nil
	}
	shape := make([]int, s.lib.call(fnArrayNdim, a.handle))
	for i := range shape {
		shape[i] = int(int32(s.lib.call(fnArrayDim, a.handle, uintptr(i))))
	}
	return shape
}

// Bytes answers what an array's elements take (0 for the zero Array).
func (s *Scope) Bytes(a Array) int64 {
	if s.err != nil || !a.Valid() {
		return 0
	}
	return int64(s.lib.call(fnArrayNbytes, a.handle))
}

// Uint32 waits for an array of one element and answers it.
func (s *Scope) Uint32(a Array) uint32 {
	if s.err != nil {
		return 0
	}
	s.lib.size = 0
	if status := s.lib.call(fnArrayItemUint32, ptr(&s.lib.size), a.handle); int32(status) != 0 {
		s.err = s.lib.failure(fnArrayItemUint32)
	}
	return uint32(s.lib.size)
}

// Uint32s waits for an array of uint32 that lies in row order and copies it out.
func (s *Scope) Uint32s(a Array) []uint32 {
	s.Eval(a)
	count := 1
	for _, dim := range s.Shape(a) {
		count *= dim
	}
	if s.err != nil {
		return nil
	}
	numbers := make([]uint32, count)
	copy(numbers, unsafe.Slice(s.lib.cold.dataUint32(a.handle), count))
	return numbers
}

// Floats computes an array and copies it out in row order, as float32.
func (s *Scope) Floats(a Array) []float32 {
	// Adding zeros to a float32 copy makes it contiguous, whatever view a is.
	flat := s.Reshape(s.AsType(a, Float32), -1)
	flat = s.Add(flat, s.Zeros(Float32, 1))
	s.Eval(flat)
	shape := s.Shape(flat)
	if s.err != nil {
		return nil
	}
	numbers := make([]float32, shape[0])
	copy(numbers, unsafe.Slice(s.lib.cold.dataFloat32(flat.handle), len(numbers)))
	return numbers
}

// bfloat16 rounds to nearest, ties to even, as MLX does.
func bfloat16(f float32) uint16 {
	bits := math.Float32bits(f)
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// float16 rounds to nearest, ties to even. Out of range is infinite.
func float16(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	magnitude := math.Float32frombits(bits & 0x7fffffff)
	switch {
	case magnitude >= 65520:
		return sign | 0x7c00
	case magnitude < 1.0/(1<<14):
		// Subnormal: the step is 2^-24.
		return sign | uint16(math.RoundToEven(float64(magnitude)*(1<<24)))
	}
	rounded := bits&0x7fffffff + 0xfff + bits>>13&1
	return sign | uint16((rounded-112<<23)>>13)
}
