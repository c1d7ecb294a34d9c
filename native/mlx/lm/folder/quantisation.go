package folder

import "assay/native/mlx"

// Quantisation is the "quantization" of config.json: the scheme of every
// quantised layer, and the layers that have another or none.
type Quantisation struct {
	All    mlx.Quantisation
	Layers map[string]layerScheme
}

// layerScheme is what quantization says of one layer by name.
type layerScheme struct {
	Quantised bool
	mlx.Quantisation
}

// QuantisationOf reads config.json's quantization as mlx_lm.utils.load_model
// does; nil where nothing is quantised.
func QuantisationOf(c *Config) *Quantisation {
	if !c.Has("quantization") {
		if c.Has("quantization_config") {
			c.Note("quantization_config is not supported: convert the model with mlx_lm.convert")
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
		c.Note("bits %d with group_size %d is not supported (bits 2, 4 or 8, group_size 32, 64 or 128)", q.Bits, q.GroupSize)
	}
	return q
}

// KnownScheme bounds what weights and caches may be packed with: MLX's affine
// kernels, without the widths that do not divide a 32-bit word.
func KnownScheme(q mlx.Quantisation) bool {
	bits := q.Bits == 2 || q.Bits == 4 || q.Bits == 8
	group := q.GroupSize == 32 || q.GroupSize == 64 || q.GroupSize == 128
	return bits && group
}

// Of returns how a layer is packed; hasScales says whether its scales are in
// the files, which decides where config.json does not name the layer.
func (q *Quantisation) Of(layer string, hasScales bool) (mlx.Quantisation, bool) {
	if q == nil {
		return mlx.Quantisation{}, false
	}
	if named, ok := q.Layers[layer]; ok {
		return named.Quantisation, named.Quantised
	}
	return q.All, hasScales
}
