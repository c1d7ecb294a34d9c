package block

import (
	"strings"

	"assay/native/mlx"
)

// words are the types of what AutoAWQ and GPTQ pack into.
var words = []string{"I32", "U32"}

// transposed packs a matrix again that AutoAWQ or GPTQ packed along its outputs,
// qweight (in, out/8), along its inputs (_transform_awq_weights of mlx_lm/utils.py).
// The type of its scales becomes that of all other numbers.
func (b *Builder) transposed(path string, shape []int) mlx.Packed {
	out, in, group := shape[0], shape[1], b.quant.All.GroupSize
	if in%group != 0 || out%8 != 0 {
		b.Note("%s: %d rows of %d cannot be packed by 8 in groups of %d", path, out, in, group)
		return mlx.Packed{}
	}
	packed := b.tensor(path+".qweight", words, in, out/8)
	scales := b.tensor(path+".scales", floating, in/group, out)
	var zeros mlx.Array
	if b.Stored(path + ".qzeros") {
		zeros = b.tensor(path+".qzeros", words, in/group, out/8)
	}
	if !b.Usable() {
		return mlx.Packed{}
	}
	s := b.S
	digits := s.AsType(s.Int32s([]int32{1, 1 << 4, 1 << 8, 1 << 12, 1 << 16, 1 << 20, 1 << 24, 1 << 28}, 8), mlx.Uint32)
	matrix := s.Reshape(s.T(unpacked(s, packed)), out, in/8, 8)
	dtype := s.Type(scales)
	scales = s.Contiguous(s.T(scales))
	low := s.Scalar(-8, mlx.Float32)
	if zeros.Valid() {
		low = s.Negative(s.AsType(s.T(unpacked(s, zeros)), mlx.Float32))
	}
	return mlx.Packed{
		Words:  b.Own(s.AsType(s.Sum(s.Multiply(matrix, digits), -1, false), mlx.Uint32)),
		Scales: b.Own(scales),
		Biases: b.Own(s.AsType(s.Multiply(low, scales), dtype)),
	}
}

// numbersOf is the type that all numbers of such a checkpoint become: that of its
// scales.
func (b *Builder) numbersOf() (t mlx.DType, ok bool) {
	if b.quant == nil || !b.quant.Transposed {
		return 0, false
	}
	for name, tensor := range b.tensors {
		if strings.HasSuffix(name, ".scales") {
			t, ok = map[string]mlx.DType{"F16": mlx.Float16, "BF16": mlx.BFloat16, "F32": mlx.Float32}[tensor.DType]
			return t, ok
		}
	}
	return 0, false
}

// unpacked takes the digits of words (rows, columns) apart, (rows, 8 columns), in
// the order that AutoAWQ packs them in: 0 4 1 5 2 6 3 7.
func unpacked(s *mlx.Scope, packed mlx.Array) mlx.Array {
	shape := s.Shape(packed)
	if len(shape) != 2 {
		return packed // an earlier operation failed
	}
	order := s.AsType(s.Int32s([]int32{1, 1 << 16, 1 << 4, 1 << 20, 1 << 8, 1 << 24, 1 << 12, 1 << 28}, 8), mlx.Uint32)
	digits := s.FloorDivide(s.ExpandDims(s.AsType(packed, mlx.Uint32), -1), order)
	digits = s.BitwiseAnd(digits, s.Scalar(15, mlx.Uint32))
	return s.Reshape(digits, shape[0], shape[1]*8)
}

// refuseOrders refuses matrices whose groups are not in order.
func (b *Builder) refuseOrders() {
	for name := range b.tensors {
		if strings.HasSuffix(name, ".g_idx") {
			b.Note("Found %s in weights. Models with non-contiguous group indices (g_idx) are not currently supported, "+
				"as mlx-lm puts it: take a model without g_idx", name)
			return
		}
	}
}
