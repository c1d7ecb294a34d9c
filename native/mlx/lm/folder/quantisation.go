package folder

import (
	"slices"

	"assay/native/mlx"
)

// Quantisation is the "quantization" of config.json: the scheme of every
// quantised layer, and the layers that have another or none.
type Quantisation struct {
	All    mlx.Quantisation
	Layers map[string]layerScheme
	// Transposed says that matrices are packed along their other axis, as AutoAWQ
	// and GPTQ do.
	Transposed bool
}

// layerScheme is what quantization says of one layer by name.
type layerScheme struct {
	Quantised bool
	mlx.Quantisation
}

// QuantisationOf reads config.json's quantization, or quantization_config in its
// place, as mlx_lm.utils.load_model does; nil where nothing is quantised.
func QuantisationOf(c *Config) *Quantisation {
	if !c.Has("quantization") {
		if other := c.Part("quantization_config"); other != nil {
			return foreign(other)
		}
		if text := c.Part("text_config"); text != nil {
			if other := text.Part("quantization_config"); other != nil {
				return foreign(other)
			}
		}
		return nil
	}
	section := c.Section("quantization")
	q := &Quantisation{All: scheme(section), Layers: map[string]layerScheme{}}
	for name, raw := range section.Fields {
		switch value := raw.(type) {
		case bool:
			q.Layers[name] = layerScheme{Quantised: value, Quantisation: q.All}
		case map[string]any:
			layer := &Config{Path: c.Path, within: section.within + name + ".", Fields: value}
			q.Layers[name] = layerScheme{true, scheme(layer)}
			section.Problems = append(section.Problems, layer.Problems...)
		}
	}
	c.Problems = append(c.Problems, section.Problems...)
	return q
}

// foreign reads what other frameworks call the packing of a checkpoint.
func foreign(c *Config) *Quantisation {
	scheme := func(mode string) *Quantisation { return &Quantisation{All: floatSchemes[mode]} }
	switch method := c.Text("quant_method", ""); method {
	case "mxfp4", "mxfp8":
		return scheme(method)
	case "fp8":
		if c.Text("scale_fmt", "") == "ue8m0" && slices.Equal(c.Numbers("weight_block_size"), []float64{32, 32}) {
			return scheme("mxfp8")
		}
		c.Note("quant_method fp8 is not supported: convert the model with mlx_lm.convert")
	case "awq", "gptq":
		q := &Quantisation{All: mlx.Quantisation{Bits: c.Integer("bits", 4), GroupSize: c.Integer("group_size", 128)}, Transposed: true}
		if q.All.Bits != 4 {
			c.Note("Only bits=%d is supported for AutoAWQ/GPTQ models, as mlx-lm puts it: it reads 4 bits alone", q.All.Bits)
		}
		return q
	default:
		c.Note("quant_method %q is not supported: convert the model with mlx_lm.convert", method)
	}
	return nil
}

// floatSchemes are the modes of mx.quantize that have one width and group each
// (_defaults_for_mode, mlx/nn/layers/quantized.py, MLX 0.31.2).
var floatSchemes = map[string]mlx.Quantisation{
	"mxfp4": {Bits: 4, GroupSize: 32, Mode: mlx.MXFP4},
	"mxfp8": {Bits: 8, GroupSize: 32, Mode: mlx.MXFP8},
	"nvfp4": {Bits: 4, GroupSize: 16, Mode: mlx.NVFP4},
}

// scheme reads group_size, bits and mode.
func scheme(c *Config) mlx.Quantisation {
	q := mlx.Quantisation{Bits: c.Integer("bits"), GroupSize: c.Integer("group_size")}
	whole := c.Has("bits") && c.Has("group_size")
	mode := c.Text("mode", "affine")
	float, isFloat := floatSchemes[mode]
	switch {
	case isFloat && whole && (q.Bits != float.Bits || q.GroupSize != float.GroupSize):
		c.Note("bits %d with group_size %d is not %s, which has %d in groups of %d", q.Bits, q.GroupSize, mode, float.Bits, float.GroupSize)
	case isFloat:
		return float
	case mode != "affine":
		c.Note("mode is %s, which is not supported (affine, mxfp4, mxfp8, nvfp4)", mode)
	case whole && !KnownScheme(q):
		c.Note("bits %d with group_size %d is not supported (bits 2, 3, 4, 5, 6 or 8, group_size 32, 64 or 128)", q.Bits, q.GroupSize)
	}
	return q
}

// KnownScheme bounds what weights and caches may be packed with: MLX's affine
// kernels.
func KnownScheme(q mlx.Quantisation) bool {
	bits := q.Bits >= 2 && q.Bits <= 8 && q.Bits != 7
	group := q.GroupSize == 32 || q.GroupSize == 64 || q.GroupSize == 128
	return bits && group
}

// Stored is what the files hold of a packed matrix: the lengths of its rows in
// words and in groups, 0 where they are not known, and whether scales are bytes.
type Stored struct {
	Words, Groups int
	Coded         bool
}

// Of returns how a layer with rows of a length is packed; stored is nil where its
// scales are not in the files. A layer that config.json does not name is packed as
// its shapes say (infer_quant_config of mlx_lm/utils.py).
func (q *Quantisation) Of(layer string, in int, stored *Stored) (mlx.Quantisation, bool) {
	if q == nil {
		return mlx.Quantisation{}, false
	}
	if named, ok := q.Layers[layer]; ok {
		return named.Quantisation, named.Quantised
	}
	if stored == nil || stored.Words == 0 || stored.Groups == 0 {
		return q.All, stored != nil
	}
	shaped := mlx.Quantisation{Bits: 32 * stored.Words / in, GroupSize: in / stored.Groups}
	if stored.Coded {
		for _, scheme := range floatSchemes {
			if scheme.Bits == shaped.Bits && scheme.GroupSize == shaped.GroupSize {
				return scheme, true
			}
		}
		return q.All, true
	}
	if !KnownScheme(shaped) {
		return q.All, true // whose shapes they then are not
	}
	return shaped, true
}
