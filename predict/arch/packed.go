package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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

// packed is what a file holds of one weight: its tensors by the ends of their
// names, and what the config says of it.
type packed struct {
	tensor map[string]Tensor
	said   quantization
}

// unpacked is the weight itself.
type unpacked struct {
	// as names the packing: affine-4g64 is 4 bits in groups of 64.
	as    string
	shape []int64
	bits  int64
}

// packings are the known ways. Sources: mlx.core.quantize and nn.quantize (MLX
// 0.31.2, mlx-lm 0.31.3 utils.py); qlinear_cuda.py of AutoGPTQ 0.7.1; gemm.py
// of AutoAWQ 0.2.9; finegrained_fp8.py and mxfp4.py of transformers 5.23.0;
// pack_quantized.py of compressed-tensors 0.12.
var packings = []packing{
	{packed: ".weight", becomes: ".weight", types: []string{"u32"}, needs: []string{".scales", ".biases"}, read: readAffine},
	{packed: ".weight", becomes: ".weight", types: []string{"u32"}, needs: []string{".scales"}, read: readMicroscaled},
	{packed: ".qweight", becomes: ".weight", types: []string{"i32"}, needs: []string{".qzeros", ".scales"}, may: []string{".g_idx"}, read: readZeroed},
	{packed: ".weight", becomes: ".weight", types: floats8, needs: []string{".weight_scale_inv"}, may: []string{".input_scale"}, read: readFloat8},
	{packed: ".weight", becomes: ".weight", types: floats8, needs: []string{".weight_scale"}, may: []string{".input_scale"}, read: readFloat8},
	{packed: "_blocks", becomes: "", types: []string{"u8"}, needs: []string{"_scales"}, read: readBlocks},
	{packed: ".weight_packed", becomes: ".weight", types: []string{"i32", "u8"}, needs: []string{".weight_scale"},
		may:  []string{".weight_shape", ".weight_zero_point", ".weight_g_idx", ".weight_global_scale", ".input_global_scale"},
		read: readCompressed},
}

var floats8 = []string{"f8_e4m3", "f8_e5m2"}

// unpacking is a table with its packed weights put together.
type unpacking struct {
	table []Tensor
	// ways counts the weights by their packing.
	ways map[string]int
	// differs are weights whose bits are not those that the config states.
	differs []Contradiction
	// unread says which packed tensors no rule put together, and why.
	unread []string
}

// unpack puts the packed weights of a table together. What no rule reads stays
// as it is and is named.
func unpack(table []Tensor, said quantized, source string) unpacking {
	out := unpacking{ways: map[string]int{}}
	byName := make(map[string]Tensor, len(table))
	for _, t := range table {
		byName[t.Name] = t
	}
	weights, gone := map[string]Tensor{}, map[string]bool{}
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
			out.table = append(out.table, weight)
			continue
		}
		if gone[t.Name] {
			continue
		}
		if len(t.Shape) > 1 && slices.Contains([]string{"u32", "i32", "u8", "i8"}, t.Type) {
			out.miss("%s: %s of %v: no rule unpacks it, so it counts as stored", generic(t.Name), t.Type, t.Shape)
		}
		out.table = append(out.table, t)
	}
	return out
}

// find puts together the weight that t is the packed tensor of; false where it
// is none, or is one that cannot be read.
func (out *unpacking) find(t Tensor, byName map[string]Tensor, said quantized, source string) (Tensor, []Tensor, bool) {
	for _, way := range packings {
		module, parts := way.parts(t, byName)
		if parts == nil {
			continue
		}
		p := packed{tensor: parts, said: said.of(module)}
		weight, err := way.read(p)
		if err != nil {
			out.miss("%s: %v", generic(t.Name), err)
			return Tensor{}, nil, false
		}
		if p.said.bits != 0 && weight.bits != p.said.bits {
			out.differ(t, weight, p.said, source)
		}
		out.ways[weight.as]++
		list := []Tensor{t}
		for _, end := range slices.Sorted(maps.Keys(parts)) {
			if end != way.packed {
				list = append(list, parts[end])
			}
		}
		return Tensor{Name: module + way.becomes, Type: weight.as, Shape: weight.shape, Parts: list}, list, true
	}
	return Tensor{}, nil, false
}

// parts are the tensors of the weight by the ends of their names; nil where t
// is not packed in this way.
func (way packing) parts(t Tensor, byName map[string]Tensor) (module string, parts map[string]Tensor) {
	module, ok := strings.CutSuffix(t.Name, way.packed)
	if !ok || !slices.Contains(way.types, t.Type) {
		return "", nil
	}
	parts = map[string]Tensor{way.packed: t}
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
	if !slices.Contains(out.unread, text) {
		out.unread = append(out.unread, text)
	}
}

func (out *unpacking) differ(t Tensor, weight unpacked, said quantization, source string) {
	c := Contradiction{Field: "weights.bits", Kept: fmt.Sprint(weight.bits),
		KeptBy:  fmt.Sprintf("%s %v of %s and the tensors beside it", generic(t.Name), t.Shape, source),
		Dropped: fmt.Sprint(said.bits), DropBy: said.where, Why: "packed weights have the shapes they have; the config only describes them"}
	same := func(d Contradiction) bool { return d.Kept == c.Kept && d.Dropped == c.Dropped && d.DropBy == c.DropBy }
	if !slices.ContainsFunc(out.differs, same) { // the first stands for all
		out.differs = append(out.differs, c)
	}
}

// withWeights takes on the tensor table of a config's own weights, packed ones
// put together.
func (f Facts) withWeights(file string, config []byte, table []Tensor, source string) (Facts, error) {
	found := unpack(table, statedQuantization(file, config), source)
	f.Unknown = append(f.Unknown, found.unread...)
	f.Contradictions = append(f.Contradictions, found.differs...)
	f.Provenance = maps.Clone(f.Provenance)
	if len(found.ways) > 0 {
		var ways []string
		for _, way := range slices.Sorted(maps.Keys(found.ways)) {
			ways = append(ways, fmt.Sprintf("%s in %d weights", way, found.ways[way]))
		}
		f.Provenance["weights.packing"] = Provenance{Origin: FromTensors, Detail: strings.Join(ways, ", ") + " of " + source}
	}
	return f.withTensors(found.table, source)
}
