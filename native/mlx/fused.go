package mlx

import (
	"math"
	"runtime"
	"unsafe"
)

// Quantisation is how weights or caches are packed, as mx.quantize has it.
type Quantisation struct {
	Bits, GroupSize int
	Mode            Mode
}

// Mode is how a group's elements are coded.
type Mode int

// The modes of mx.quantize: whole numbers with a scale and a bias for each group,
// or small floating-point numbers with a scale alone.
const (
	Affine Mode = iota
	MXFP4
	MXFP8
	NVFP4
)

// HasBiases reports whether groups have a bias beside their scale.
func (m Mode) HasBiases() bool { return m == Affine }

// Packed is a quantised array: the packed words, scales and, where the mode has
// them, biases.
type Packed struct{ Words, Scales, Biases Array }

// modes are the modes' names, with C's end.
var modes = [...]*byte{
	Affine: &[]byte("affine\x00")[0],
	MXFP4:  &[]byte("mxfp4\x00")[0],
	MXFP8:  &[]byte("mxfp8\x00")[0],
	NVFP4:  &[]byte("nvfp4\x00")[0],
}

// maskModes are the names of sdpa's masks, with C's end.
var (
	noMask     = &[]byte("\x00")[0]
	causalMask = &[]byte("causal\x00")[0]
	arrayMask  = &[]byte("array\x00")[0]
)

// optional passes an mlx_optional_int (or one of the same layout) that is there.
func optional(value int) uintptr { return uintptr(uint32(value)) | 1<<32 }

// Quantize packs the last axis of w in the affine mode.
func (s *Scope) Quantize(w Array, q Quantisation) Packed {
	if s.err != nil {
		return Packed{}
	}
	args := []uintptr{0, w.handle, optional(q.GroupSize), optional(q.Bits), ptr(modes[Affine])}
	if !s.lib.Release.lacksGlobalScale() {
		args = append(args, 0)
	}
	s.lib.out = 0
	args[0] = ptr(&s.lib.out)
	if status := s.lib.call(fnQuantize, append(args, s.lib.stream)...); int32(status) != 0 {
		s.err = s.lib.failure(fnQuantize)
		return Packed{}
	}
	parts := s.unpack(s.lib.out, 3)
	return Packed{parts[0], parts[1], parts[2]}
}

// Dequantize unpacks, into the type of the scales, or bfloat16 where those are
// no numbers of a type (modes without biases).
func (s *Scope) Dequantize(p Packed, q Quantisation) Array {
	args := []uintptr{p.Words.handle, p.Scales.handle, p.Biases.handle,
		optional(q.GroupSize), optional(q.Bits), ptr(modes[q.Mode])}
	if !s.lib.Release.lacksGlobalScale() {
		args = append(args, 0)
	}
	return s.op(fnDequantize, append(args, 0)...) // no type asked for: the scales'
}

// lacksGlobalScale reports that quantising takes no global scale (v0.5.0).
func (r Release) lacksGlobalScale() bool {
	_, differs := r.Differs[fnQuantize]
	return differs
}

// QuantizedMatmul multiplies x with a packed matrix, or with its transpose.
func (s *Scope) QuantizedMatmul(x Array, w Packed, transpose bool, q Quantisation) Array {
	return s.op(fnQuantizedMatmul, x.handle, w.Words.handle, w.Scales.handle, w.Biases.handle,
		boolean(transpose), optional(q.GroupSize), optional(q.Bits), ptr(modes[q.Mode]))
}

// GatherQMM multiplies each row of x with the transpose of the packed matrix
// that rhs names.
func (s *Scope) GatherQMM(x Array, w Packed, rhs Array, q Quantisation, sorted bool) Array {
	return s.op(fnGatherQMM, x.handle, w.Words.handle, w.Scales.handle, w.Biases.handle, 0, rhs.handle,
		1, optional(q.GroupSize), optional(q.Bits), ptr(modes[q.Mode]), boolean(sorted))
}

// RMSNorm is mlx.core.fast.rms_norm.
func (s *Scope) RMSNorm(x, weight Array, eps float32) Array {
	if s.err != nil {
		return Array{}
	}
	slot := s.slot()
	return s.made(fnRMSNorm, slot, s.lib.cold.rmsNorm(slot, x.handle, weight.handle, eps, s.lib.stream))
}

// LayerNorm is mlx.core.fast.layer_norm; weight and bias may be zero.
func (s *Scope) LayerNorm(x, weight, bias Array, eps float32) Array {
	if s.err != nil {
		return Array{}
	}
	slot := s.slot()
	return s.made(fnLayerNorm, slot, s.lib.cold.layerNorm(slot, x.handle, weight.handle, bias.handle, eps, s.lib.stream))
}

// Rope is a rotary embedding of the first Dims of the last axis.
type Rope struct {
	Dims        int
	Traditional bool
	// Base and Scale give the frequencies, unless Freqs is set.
	Base, Scale float32
	Freqs       Array
}

// Rope is mlx.core.fast.rope at an offset in the sequence (axis -2).
func (s *Scope) Rope(x Array, r *Rope, offset int) Array {
	if s.err != nil {
		return Array{}
	}
	slot := s.slot()
	return s.made(fnRope, slot, s.lib.cold.rope(slot, x.handle, int32(r.Dims), r.Traditional, r.base(), r.Scale,
		int32(offset), r.Freqs.handle, s.lib.stream))
}

// RopeEach is Rope with an offset of its own for each sequence of a batch (axis 0).
func (s *Scope) RopeEach(x Array, r *Rope, offsets Array) Array {
	if s.err != nil {
		return Array{}
	}
	slot := s.slot()
	return s.made(fnRopeDynamic, slot, s.lib.cold.ropeEach(slot, x.handle, int32(r.Dims), r.Traditional, r.base(), r.Scale,
		offsets.handle, r.Freqs.handle, s.lib.stream))
}

// base is the base as an mlx_optional_float, none where there are frequencies.
func (r *Rope) base() uint64 {
	if r.Freqs.Valid() {
		return 0
	}
	return uint64(math.Float32bits(r.Base)) | 1<<32
}

// Mask is what attention may not see: nothing, the future, or an array.
type Mask struct {
	Causal bool
	Array  Array
}

// Attention is mlx.core.fast.scaled_dot_product_attention; sinks may be zero.
func (s *Scope) Attention(q, k, v Array, scale float32, mask Mask, sinks Array) Array {
	if s.err != nil {
		return Array{}
	}
	mode := noMask
	switch {
	case mask.Array.Valid():
		mode = arrayMask
	case mask.Causal:
		mode = causalMask
	}
	slot := s.slot()
	return s.made(fnAttention, slot, s.lib.cold.attention(slot, q.handle, k.handle, v.handle, scale, mode,
		mask.Array.handle, sinks.handle, 0, s.lib.stream))
}

// Tensors are the arrays of one safetensors file, by name.
type Tensors struct {
	lib    *Library
	arrays uintptr
}

// LoadSafetensors opens a file; its tensors are read when they are evaluated.
// MLX checks little: the caller has checked the header. Close it.
func (s *Scope) LoadSafetensors(path string) Tensors {
	if s.err != nil {
		return Tensors{lib: s.lib}
	}
	name := cString(path)
	results := &[2]uintptr{s.lib.call(fnMapArrayNew), s.lib.call(fnMapStringNew)}
	status := s.lib.call(fnLoadSafetensors, ptr(&results[0]), ptr(&results[1]), ptr(&name[0]), s.lib.loader)
	runtime.KeepAlive(name)
	if int32(status) != 0 {
		s.err = s.lib.failure(fnLoadSafetensors)
	}
	s.lib.call(fnMapStringFree, results[1])
	return Tensors{lib: s.lib, arrays: results[0]}
}

// Get answers a tensor of the file.
func (s *Scope) Get(t Tensors, tensor string) Array {
	if s.err != nil {
		return Array{}
	}
	name := cString(tensor)
	slot := s.slot()
	status := s.lib.call(fnMapArrayGet, ptr(slot), t.arrays, ptr(unsafe.SliceData(name)))
	runtime.KeepAlive(name)
	return s.made(fnMapArrayGet, slot, int32(status))
}

// Close forgets the file's tensors, except those that are held elsewhere.
func (t Tensors) Close() {
	if t.arrays != 0 {
		t.lib.call(fnMapArrayFree, t.arrays)
	}
}
