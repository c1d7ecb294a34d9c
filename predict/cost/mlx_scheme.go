package cost

import (
	"fmt"
	"regexp"
	"strconv"

	"assay/predict/arch"
	"assay/predict/kv"
	"assay/predict/tensor"
)

// mlxScheme is how mlx-lm stores weights: vectors as a floating-point type,
// matrices too or packed.
type mlxScheme struct {
	vectors     string
	bits, group int // 0 bits: matrices are not packed
	// mode names a packing whose groups have a byte for a scale and no bias;
	// empty is the affine one.
	mode string
}

var mlxPackedName = regexp.MustCompile(`^([248])bit(?:-g(32|64|128))?$`)

// mlxSchemeOf reads the names that skeletons for mlx-lm have: f32, f16, bf16 or
// 4bit, 8bit-g32, whose vectors and scales are bf16, or mxfp4.
func mlxSchemeOf(typ string) (mlxScheme, error) {
	switch typ {
	case "":
		return mlxScheme{vectors: "f16"}, nil
	case "f32", "f16", "bf16":
		return mlxScheme{vectors: typ}, nil
	case "mxfp4": // its width and group: _defaults_for_mode, mlx/nn/layers/quantized.py, MLX 0.31.2
		return mlxScheme{vectors: "bf16", bits: 4, group: 32, mode: typ}, nil
	}
	parts := mlxPackedName.FindStringSubmatch(typ)
	if parts == nil {
		return mlxScheme{}, fmt.Errorf("mlx-lm has no %s weights; types that it has: f32, f16, bf16, 4bit, 8bit, 4bit-g32, 8bit-g32, mxfp4", typ)
	}
	s := mlxScheme{vectors: "bf16", group: kv.MLXGroupSize}
	s.bits, _ = strconv.Atoi(parts[1]) // a digit, by the pattern
	if parts[2] != "" {
		s.group, _ = strconv.Atoi(parts[2])
	}
	return s, nil
}

// store sets the tensor's type and bytes. A matrix is packed where its rows are
// whole groups: words, and a scale and perhaps a bias for each group.
func (s mlxScheme) store(w *weight) {
	element := mlxElementBytes(s.vectors)
	if s.bits == 0 || w.Use.Elementwise() || w.Shape[0]%int64(s.group) != 0 {
		w.Type, w.bytes = s.vectors, w.Elements()*element
		return
	}
	groups := w.Elements() / int64(s.group)
	w.Type, w.bytes = kv.MLXTypeName(s.bits, s.group), w.Elements()*int64(s.bits)/8+2*element*groups
	if s.mode != "" {
		w.Type, w.bytes = s.mode, w.Elements()*int64(s.bits)/8+groups
	}
}

// mlxSettle stores the rows as a skeleton of the type would.
func mlxSettle(f arch.Facts, rows []weight, typ string) ([]weight, error) {
	s, err := mlxSchemeOf(typ)
	if err != nil {
		return nil, err
	}
	if f.ModelType == "llama" || f.ModelType == "mistral" {
		rows = append(rows, outputBiases(f)...)
	}
	for i := range rows {
		s.store(&rows[i])
	}
	return rows, nil
}

// outputBiases are those of attention's output, which llama.py has where the
// projections have some and llama.cpp's converter has not.
func outputBiases(f arch.Facts) (rows []weight) {
	for i, layer := range f.Layers {
		if layer.Attention != nil && layer.Attention.Bias {
			name := fmt.Sprintf("blk.%d.attn_output.bias", i)
			rows = append(rows, weight{Tensor: arch.Tensor{Name: name, Shape: []int64{f.Hidden}}, Row: tensor.Row{Part: tensor.Attention, Use: tensor.Read}, layer: i})
		}
	}
	return rows
}
