// Package packed puts weights together that a file holds in words, blocks or
// bytes of fewer bits than its types have. It must not know what a model does with them.
package packed

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"assay/predict/arch"
	"assay/predict/tensor"
)

// packing is one way in which a file holds a weight in fewer bits than its
// tensors' types have: the tensors that make it up, by the ends of their names.
type packing struct {
	// packed ends the name of the packed tensor, becomes that of the weight.
	packed, becomes string
	// types are those that the packed tensor has in this way.
	types []string
	// needs are the tensors beside it that have to be there, may the others.
	needs, may []string
	// read finds the weight's shape.
	read func(packed) (unpacked, error)
}

// packings are the known ways. Sources: mlx.core.quantize and nn.quantize (MLX
// 0.31.2, mlx-lm 0.31.3 utils.py); qlinear_cuda.py of AutoGPTQ 0.7.1; gemm.py
// of AutoAWQ 0.2.9; finegrained_fp8.py and mxfp4.py of transformers 5.23.0;
// pack_quantized.py of compressed-tensors 0.12.
var packings = []packing{
	{packed: ".weight", becomes: ".weight", types: []string{"u32"}, needs: []string{".scales", ".biases"}, read: readAffine},
	{packed: ".weight", becomes: ".weight", types: []string{"u32"}, needs: []string{".scales"}, read: readMicroscaled},
	{packed: ".qweight", becomes: ".weight", types: []string{"i32"}, needs: []string{".qzeros", ".scales"},
		may: []string{".g_idx"}, read: readZeroed},
	{packed: ".weight", becomes: ".weight", types: floats8, needs: []string{".weight_scale_inv"},
		may: []string{".input_scale"}, read: readFloat8},
	{packed: ".weight", becomes: ".weight", types: floats8, needs: []string{".weight_scale"}, may: []string{".input_scale"}, read: readFloat8},
	{packed: "_blocks", becomes: "", types: []string{"u8"}, needs: []string{"_scales"}, read: readBlocks},
	{packed: ".weight_packed", becomes: ".weight", types: []string{"i32", "u8"}, needs: []string{".weight_scale"},
		may:  []string{".weight_shape", ".weight_zero_point", ".weight_g_idx", ".weight_global_scale", ".input_global_scale"},
		read: readCompressed},
}

var floats8 = []string{"f8_e4m3", "f8_e5m2"}

// unpacking is a table with its packed weights put together.
type unpacking struct {
	Table []arch.Tensor
	// Ways counts the weights by their packing.
	Ways map[string]int
	// Differs are weights whose bits are not those that the config states.
	Differs []arch.Contradiction
	// Unread says which packed tensors no rule put together, and why.
	Unread []string
}

// Unpack puts the packed weights of a table together. What no rule reads stays
// as it is and is named.
func Unpack(table []arch.Tensor, said quantized, source string) unpacking {
	out := unpacking{Ways: map[string]int{}}
	byName := make(map[string]arch.Tensor, len(table))
	for _, t := range table {
		byName[t.Name] = t
	}
	weights, gone := map[string]arch.Tensor{}, map[string]bool{}
	for _, t := range table {
		weight, parts, ok := out.find(t, byName, said, source)
		if !ok {
			continue
		}
		weights[t.Name] = weight
		for _, p := range parts {
			gone[p.Name] = true
		}
	}
	for _, t := range table {
		if weight, ok := weights[t.Name]; ok {
			out.Table = append(out.Table, weight)
			continue
		}
		if gone[t.Name] {
			continue
		}
		if len(t.Shape) > 1 && slices.Contains([]string{"u32", "i32", "u8", "i8"}, t.Type) {
			out.miss("%s: %s of %v: no rule unpacks it, so it counts as stored", tensor.Generic(t.Name), t.Type, t.Shape)
		}
		out.Table = append(out.Table, t)
	}
	return out
}

// find puts together the weight that t is the packed tensor of; false where it
// is none, or is one that cannot be read.
func (out *unpacking) find(t arch.Tensor, byName map[string]arch.Tensor, said quantized, source string) (arch.Tensor, []arch.Tensor, bool) {
	for _, way := range packings {
		module, parts := way.parts(t, byName)
		if parts == nil {
			continue
		}
		p := packed{tensor: parts, said: said.of(module)}
		weight, err := way.read(p)
		if err != nil {
			out.miss("%s: %v", tensor.Generic(t.Name), err)
			return arch.Tensor{}, nil, false
		}
		if p.said.bits != 0 && weight.bits != p.said.bits {
			out.differ(t, weight, p.said, source)
		}
		out.Ways[weight.as]++
		list := []arch.Tensor{t}
		for _, end := range slices.Sorted(maps.Keys(parts)) {
			if end != way.packed {
				list = append(list, parts[end])
			}
		}
		return arch.Tensor{Name: module + way.becomes, Type: weight.as, Shape: weight.shape, Parts: list}, list, true
	}
	return arch.Tensor{}, nil, false
}

// parts are the tensors of the weight by the ends of their names; nil where t
// is not packed in this way.
func (way packing) parts(t arch.Tensor, byName map[string]arch.Tensor) (module string, parts map[string]arch.Tensor) {
	module, ok := strings.CutSuffix(t.Name, way.packed)
	if !ok || !slices.Contains(way.types, t.Type) {
		return "", nil
	}
	parts = map[string]arch.Tensor{way.packed: t}
	for _, end := range way.needs {
		if parts[end], ok = byName[module+end]; !ok {
			return "", nil
		}
	}
	for _, end := range way.may {
		if beside, ok := byName[module+end]; ok {
			parts[end] = beside
		}
	}
	return module, parts
}

// miss notes what could not be read, layers alike once.
func (out *unpacking) miss(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(out.Unread, text) {
		out.Unread = append(out.Unread, text)
	}
}

func (out *unpacking) differ(t arch.Tensor, weight unpacked, said quantization, source string) {
	c := arch.Contradiction{Field: "weights.bits", Kept: fmt.Sprint(weight.bits),
		KeptBy:  fmt.Sprintf("%s %v of %s and the tensors beside it", tensor.Generic(t.Name), t.Shape, source),
		Dropped: fmt.Sprint(said.bits), DropBy: said.where, Why: "packed weights have the shapes they have; the config only describes them"}
	same := func(d arch.Contradiction) bool {
		return d.Kept == c.Kept && d.Dropped == c.Dropped && d.DropBy == c.DropBy
	}
	if !slices.ContainsFunc(out.Differs, same) { // the first stands for all
		out.Differs = append(out.Differs, c)
	}
}
