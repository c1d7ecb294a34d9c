package mlx

import (
	"context"
	"fmt"
	"math"

	"assay/harness/runtime"
	"assay/native/mlx"
)

// tryFloat32 multiplies two matrices of 512: an M5 that takes its tensor units is off
// by 7.7e-4.
func tryFloat32(_ context.Context, _ *mlx.Library, s *mlx.Scope) ([]runtime.Reading, error) {
	const side = 512
	a, b := drawn(1, side, side), drawn(2, side, side)
	got := s.Floats(s.Matmul(a.in(s), s.SwapAxes(b.in(s), 0, 1)))
	one := s.Floats(s.Matmul(matrix{1, side, a.row(0)}.in(s), s.SwapAxes(b.in(s), 0, 1)))
	return []runtime.Reading{
		runtime.AtMost("512 rows off by", a.times(b).apart(got), float32Bound),
		runtime.AtMost("one row off by", matrix{1, side, a.row(0)}.times(b).apart(one), float32Bound),
	}, nil
}

// tryErrors asks for what cannot be: a product of shapes that do not fit.
func tryErrors(_ context.Context, _ *mlx.Library, s *mlx.Scope) ([]runtime.Reading, error) {
	return refused(s, "shapes that do not fit", func(s *mlx.Scope) {
		s.Matmul(s.Zeros(mlx.Float32, 3, 5), s.Zeros(mlx.Float32, 3, 5))
	}), nil
}

// tryNoMemory asks for 64 TiB. The CPU's backend does not look at what the system
// answers and writes to address 0 (seen in 0.32.2), which ends the process.
func tryNoMemory(_ context.Context, lib *mlx.Library, s *mlx.Scope) ([]runtime.Reading, error) {
	if lib.Device != "gpu" {
		return nil, runtime.NotHere("MLX's CPU backend ends the process where memory runs out; an error is only known of Metal's")
	}
	const side = 1 << 22
	return refused(s, "64 TiB of memory", func(s *mlx.Scope) {
		s.Eval(s.Matmul(s.Zeros(mlx.Float32, side, 1), s.Zeros(mlx.Float32, 1, side)))
	}), nil
}

// refused tries something that must be refused, and then something that must not be.
func refused(s *mlx.Scope, what string, try func(*mlx.Scope)) []runtime.Reading {
	inner := s.Nested()
	try(inner)
	err, said := inner.Err(), "no error"
	if err != nil {
		said = fmt.Sprintf("error: %.60s", err.Error())
	}
	inner.Close()
	again := s.Floats(s.Add(s.Scalar(1, mlx.Float32), s.Scalar(1, mlx.Float32)))
	return []runtime.Reading{
		runtime.Holds(what, err != nil, "an error", said),
		runtime.Equals("1 + 1 behind it", "[2]", fmt.Sprint(again)),
	}
}

// tryQuantised holds products with packed arrays against the same of what the arrays
// unpack to, and that against what was packed.
func tryQuantised(ctx context.Context, _ *mlx.Library, s *mlx.Scope) ([]runtime.Reading, error) {
	var out []runtime.Reading
	for _, bits := range []int{4, 8} {
		worst, unpacked := 0.0, 0.0
		for _, group := range []int{32, 64} {
			for _, width := range []int{32, 64, 96, 128} {
				if width%group != 0 {
					continue
				}
				for _, cells := range []int{1023, 1024, 1500} {
					if err := ctx.Err(); err != nil {
						return nil, err
					}
					inner := s.Nested()
					p := packedCells(inner, mlx.Quantisation{Bits: bits, GroupSize: group}, cells, width)
					unpacked = max(unpacked, p.steps())
					for rows := 1; rows <= 3; rows++ {
						worst = max(worst, p.values(inner, rows), p.keys(inner, rows))
					}
					err := inner.Err()
					inner.Close()
					if err != nil {
						return nil, err
					}
				}
			}
		}
		out = append(out,
			runtime.AtMost(fmt.Sprintf("%d bits, unpacked: steps off", bits), unpacked, packedSteps),
			runtime.AtMost(fmt.Sprintf("%d bits, 1 to 3 rows: off by", bits), worst, float32Bound))
	}
	floats, err := tryFloatModes(s)
	return append(out, floats...), err
}

// packedCache is a cache of packed cells, and what it was made of and unpacks to.
type packedCache struct {
	q               mlx.Quantisation
	packed          mlx.Packed
	given, unpacked matrix
	// scales and biases have a number for each group.
	scales, biases []float32
}

func packedCells(s *mlx.Scope, q mlx.Quantisation, cells, width int) packedCache {
	p := packedCache{q: q, given: drawn(uint64(cells+width), cells, width)}
	p.packed = s.Quantize(p.given.in(s), q)
	p.unpacked = matrix{cells, width, s.Floats(s.Dequantize(p.packed, q))}
	p.scales, p.biases = s.Floats(p.packed.Scales), s.Floats(p.packed.Biases)
	return p
}

// packedSteps is how far a number may be from what it unpacks to, in steps of its
// group's scale: rounding is half of one. The scale is moved so that 0 stays 0, which
// leaves up to a whole step out at the far end of a group (affine_quantize, mlx/ops.cpp).
const packedSteps = 0.501

// steps is how many steps a number is off at most of what its group reaches, or half
// the steps by which it is out of reach.
func (p packedCache) steps() float64 {
	if len(p.unpacked.data) != len(p.given.data) {
		return math.Inf(1)
	}
	most := 0.0
	for i, v := range p.given.data {
		group := i / p.q.GroupSize
		scale, bias := float64(p.scales[group]), float64(p.biases[group])
		given := (float64(v) - bias) / scale
		reached := min(max(given, 0), float64(int(1)<<p.q.Bits-1))
		unpacked := (float64(p.unpacked.data[i]) - bias) / scale
		most = max(most, math.Abs(reached-unpacked), math.Abs(given-reached)/2)
	}
	return most
}

// values is how far scores times values are off, and keys queries times keys.
func (p packedCache) values(s *mlx.Scope, rows int) float64 {
	scores := drawn(uint64(rows), rows, p.given.rows)
	return scores.times(p.unpacked.transposed()).apart(s.Floats(s.QuantizedMatmul(scores.in(s), p.packed, false, p.q)))
}

func (p packedCache) keys(s *mlx.Scope, rows int) float64 {
	queries := drawn(uint64(rows+9), rows, p.given.cols)
	return queries.times(p.unpacked).apart(s.Floats(s.QuantizedMatmul(queries.in(s), p.packed, true, p.q)))
}

// tryFloatModes tries one and many outputs in each mode, with 1 to 64 rows, and rows
// that go to experts.
func tryFloatModes(s *mlx.Scope) ([]runtime.Reading, error) {
	var out []runtime.Reading
	for _, m := range []struct {
		name string
		q    mlx.Quantisation
	}{
		{"affine", mlx.Quantisation{Bits: 4, GroupSize: 32}},
		{"mxfp4", mlx.Quantisation{Bits: 4, GroupSize: 32, Mode: mlx.MXFP4}},
		{"mxfp8", mlx.Quantisation{Bits: 8, GroupSize: 32, Mode: mlx.MXFP8}},
		{"nvfp4", mlx.Quantisation{Bits: 4, GroupSize: 16, Mode: mlx.NVFP4}},
	} {
		worst := 0.0
		for _, outputs := range []int{1, 8, 64} {
			w, plain := packedWeights(s, m.q, outputs)
			for _, rows := range []int{1, 8, 64} {
				x := drawn(uint64(rows), rows, plain.cols)
				worst = max(worst, x.times(plain).apart(s.Floats(s.QuantizedMatmul(x.in(s), w, true, m.q))))
			}
		}
		out = append(out, runtime.AtMost(m.name+", 1 to 64 outputs: off by", worst, float32Bound),
			runtime.AtMost(m.name+", experts: off by", expertsApart(s, m.q), float32Bound))
	}
	return out, s.Err()
}

const packedWidth = 128

// packedWeights are words and scales as they might lie in a file, in each mode.
func packedWeights(s *mlx.Scope, q mlx.Quantisation, outputs int) (mlx.Packed, matrix) {
	if q.Mode == mlx.Affine {
		p := packedCells(s, q, outputs, packedWidth)
		return p.packed, p.unpacked
	}
	words := make([]int32, outputs*packedWidth*q.Bits/32)
	for i := range words {
		words[i] = int32(uint32(i) * 2654435761 & 0xbfbfbfbf) // whose bytes are numbers in e4m3
	}
	scales := make([]int32, outputs*packedWidth/q.GroupSize/4)
	for i := range scales { // about 1, in e8m0 and in e4m3
		if scales[i] = 0x7f7e807f; q.Mode == mlx.NVFP4 {
			scales[i] = 0x38303c38
		}
	}
	p := mlx.Packed{
		Words:  s.Reshape(s.View(s.Int32s(words, len(words)), mlx.Uint32), outputs, -1),
		Scales: s.Reshape(s.View(s.Int32s(scales, len(scales)), mlx.Uint8), outputs, -1),
	}
	return p, matrix{outputs, packedWidth, s.Floats(s.AsType(s.Dequantize(p, q), mlx.Float32))}
}

// expertsApart is how far rows that go to three experts are off.
func expertsApart(s *mlx.Scope, q mlx.Quantisation) float64 {
	const experts, each = 3, 16
	w, plain := packedWeights(s, q, experts*each)
	shaped := func(a mlx.Array) mlx.Array {
		if !a.Valid() {
			return a
		}
		return s.Reshape(a, experts, each, -1)
	}
	w = mlx.Packed{Words: shaped(w.Words), Scales: shaped(w.Scales), Biases: shaped(w.Biases)}
	chosen := []int32{2, 0, 1, 2, 0}
	x := drawn(5, len(chosen), packedWidth)
	got := s.Floats(s.GatherQMM(s.Float32s(x.data, len(chosen), 1, packedWidth), w, s.View(s.Int32s(chosen, len(chosen)), mlx.Uint32),
		q, false))
	var want exact
	for i, e := range chosen {
		mine := matrix{each, packedWidth, plain.data[int(e)*each*packedWidth : (int(e)+1)*each*packedWidth]}
		one := matrix{1, packedWidth, x.row(i)}.times(mine)
		want.numbers, want.size = append(want.numbers, one.numbers...), max(want.size, one.size)
	}
	return want.apart(got)
}
