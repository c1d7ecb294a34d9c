package cost

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
	// experts are packed otherwise where this is set.
	experts *mlxScheme
	// wider are the bits of the modules that a recipe gives more; 0: there are none.
	wider int
}

// recipes are those of mlx_lm.convert (mlx_lm/convert.py, 0.32.2): bits of most modules
// and of those with more.
var recipes = map[string][2]int{"mixed_2_6": {2, 6}, "mixed_3_4": {3, 4}, "mixed_3_6": {3, 6}, "mixed_4_6": {4, 6}}

// moreBits are the layers in which a recipe gives values and down projections more
// (mixed_quant_predicate_builder).
func moreBits(layer, layers int) bool {
	eighth := layers / 8
	return layer < eighth || layer >= 7*layers/8 || (layer-eighth)%3 == 2
}

// inModule is the scheme of a module of a layer, by mlx-lm's name or GGUF's.
func (s mlxScheme) inModule(name string, layer, layers int) mlxScheme {
	if s.wider == 0 {
		return s
	}
	is := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(name, part) })
	}
	if is("lm_head") || name == "output" || moreBits(max(0, layer), layers) && is("v_proj", "down_proj", "attn_v", "attn_qkv", "ffn_down") {
		s.bits = s.wider
	}
	return s
}

var mlxPackedName = regexp.MustCompile(`^([234568])bit(?:-g(32|64|128))?$`)

// MLXWeightTypes names the types and mixes that published models for mlx-lm come
// in; groups are of 64 where a name has none.
func MLXWeightTypes() []string {
	names := []string{"f32", "f16", "bf16", "mxfp4", "mxfp4-q8"}
	for _, bits := range []string{"2", "3", "4", "5", "6", "8"} {
		for _, group := range []string{"", "-g32", "-g64", "-g128"} {
			names = append(names, bits+"bit"+group)
		}
	}
	names = slices.AppendSeq(names, maps.Keys(recipes))
	slices.Sort(names)
	return names
}

// mlxSchemeOf reads those names. Vectors and scales of packed ones are bf16.
func mlxSchemeOf(typ string) (mlxScheme, error) {
	switch typ {
	case "mxfp4-q8": // gpt-oss as it was published: experts alone in four bits
		return mlxScheme{vectors: "bf16", bits: 8, group: kv.MLXGroupSize, experts: &mlxScheme{vectors: "bf16", bits: 4,
			group: 32, mode: "mxfp4"}}, nil
	case "":
		return mlxScheme{vectors: "f16"}, nil
	case "f32", "f16", "bf16":
		return mlxScheme{vectors: typ}, nil
	case "mxfp4": // its width and group: _defaults_for_mode, mlx/nn/layers/quantized.py, MLX 0.31.2
		return mlxScheme{vectors: "bf16", bits: 4, group: 32, mode: typ}, nil
	}
	if bits, ok := recipes[typ]; ok {
		return mlxScheme{vectors: "bf16", bits: bits[0], group: kv.MLXGroupSize, wider: bits[1]}, nil
	}
	parts := mlxPackedName.FindStringSubmatch(typ)
	if parts == nil {
		return mlxScheme{}, fmt.Errorf("mlx-lm has no %s weights; types that it has: %s", typ, strings.Join(MLXWeightTypes(), ", "))
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
	if s.experts != nil && w.Use.OfExperts() {
		s = *s.experts
	}
	s.pack(w, !w.Use.Elementwise())
}

func (s mlxScheme) pack(w *weight, matrix bool) {
	element := mlxElementBytes(s.vectors)
	if s.bits == 0 || !matrix || w.Shape[0]%int64(s.group) != 0 {
		w.Type, w.bytes = s.vectors, w.Elements()*element
		return
	}
	groups := w.Elements() / int64(s.group)
	w.Type, w.bytes = kv.MLXTypeName(s.bits, s.group), w.Elements()*int64(s.bits)/8+2*element*groups
	if s.mode != "" {
		w.Type, w.bytes = s.mode, w.Elements()*int64(s.bits)/8+groups
	}
}

// mlxSchemes are the schemes of a model's weights: one, or one for each tensor
// where its config says so.
type mlxSchemes struct {
	all     mlxScheme
	modules []mlxModule
	layers  int
}

// mlxModule is a module with a packing of its own.
type mlxModule struct {
	place  tensor.Place
	scheme mlxScheme
}

// mlxSchemesOf is how mlx-lm would hold the model: in the type asked for, else as
// the config says, in bf16 around what is packed.
func mlxSchemesOf(f arch.Facts, typ string) (mlxSchemes, error) {
	if typ != "" || f.Quantization == nil {
		s, err := mlxSchemeOf(typ)
		return mlxSchemes{all: s, layers: len(f.Layers)}, err
	}
	out := mlxSchemes{all: statedScheme(f.Quantization)}
	for name, own := range f.Quantization.Modules {
		out.modules = append(out.modules, mlxModule{tensor.PlaceOf(name + ".weight"), statedScheme(own)})
	}
	return out, nil
}

func statedScheme(q *arch.Quantization) mlxScheme {
	if q == nil {
		return mlxScheme{vectors: "bf16"}
	}
	return mlxScheme{vectors: "bf16", bits: int(q.Bits), group: int(q.Group), mode: q.Mode}
}

// of is the scheme of a row of the table.
func (s mlxSchemes) of(w *weight) mlxScheme {
	for _, m := range s.modules {
		if m.place.Block == w.layer && slices.ContainsFunc(m.place.Kinds(), func(kind string) bool {
			row, _ := tensor.Of(kind) // kinds are rows
			return row.Stem() == w.Stem()
		}) {
			return m.scheme
		}
	}
	return s.all.inModule(w.Stem(), w.layer, s.layers)
}

// named is the scheme of a tensor by mlx-lm's name.
func (s mlxSchemes) named(name string) mlxScheme {
	p := tensor.PlaceOf(name)
	for _, m := range s.modules {
		if m.place.Block == p.Block && m.place.Stem == p.Stem {
			return m.scheme
		}
	}
	return s.all.inModule(name, p.Block, s.layers)
}

// mlxSettle stores the rows as a skeleton of the type would, or as the config
// says.
func mlxSettle(f arch.Facts, rows []weight, typ string) ([]weight, error) {
	s, err := mlxSchemesOf(f, typ)
	if err != nil {
		return nil, err
	}
	if f.ModelType == "llama" || f.ModelType == "mistral" {
		rows = append(rows, outputBiases(f)...)
	}
	for i := range rows {
		s.of(&rows[i]).store(&rows[i])
	}
	return rows, nil
}

// outputBiases are those of attention's output, which llama.py has where the
// projections have some and llama.cpp's converter has not.
func outputBiases(f arch.Facts) (rows []weight) {
	for i, layer := range f.Layers {
		if layer.Attention != nil && layer.Attention.Bias {
			name := fmt.Sprintf("blk.%d.attn_output.bias", i)
			rows = append(rows, weight{Tensor: arch.Tensor{Name: name, Shape: []int64{f.Hidden}},
				Row: tensor.Row{Part: tensor.Attention, Use: tensor.Read}, layer: i})
		}
	}
	return rows
}

// mlxElementBytes is the size of an element between two products.
func mlxElementBytes(typ string) int64 {
	if typ == "f32" {
		return 4
	}
	return 2
}
