package lm

import "assay/native/mlx"

// quantisation is the "quantization" of config.json: the scheme of every
// quantised layer, and the layers that have another or none.
type quantisation struct {
	all    mlx.Quantisation
	layers map[string]layerScheme
}

// layerScheme is what quantization says of one layer by name.
type layerScheme struct {
	quantised bool
	mlx.Quantisation
}

// quantisationOf reads config.json's quantization as mlx_lm.utils.load_model
// does; nil where nothing is quantised.
func quantisationOf(c *config) *quantisation {
	if !c.has("quantization") {
		if c.has("quantization_config") {
			c.note("quantization_config is not supported: convert the model with mlx_lm.convert")
		}
		return nil
	}
	section := c.section("quantization")
	q := &quantisation{all: scheme(section), layers: map[string]layerScheme{}}
	for name, raw := range section.fields {
		switch value := raw.(type) {
		case bool:
			q.layers[name] = layerScheme{quantised: value, Quantisation: q.all}
		case map[string]any:
			layer := &config{path: c.path, within: section.within + name + ".", fields: value}
			q.layers[name] = layerScheme{true, scheme(layer)}
			section.problems = append(section.problems, layer.problems...)
		}
	}
	c.problems = append(c.problems, section.problems...)
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
func scheme(c *config) mlx.Quantisation {
	q := mlx.Quantisation{Bits: c.integer("bits"), GroupSize: c.integer("group_size")}
	whole := c.has("bits") && c.has("group_size")
	mode := c.text("mode", "affine")
	float, isFloat := floatSchemes[mode]
	switch {
	case isFloat && whole && (q.Bits != float.Bits || q.GroupSize != float.GroupSize):
		c.note("bits %d with group_size %d is not %s, which has %d in groups of %d", q.Bits, q.GroupSize, mode, float.Bits, float.GroupSize)
	case isFloat:
		return float
	case mode != "affine":
		c.note("mode is %s, which is not supported (affine, mxfp4, mxfp8, nvfp4)", mode)
	case whole && !knownScheme(q):
		c.note("bits %d with group_size %d is not supported (bits 2, 4 or 8, group_size 32, 64 or 128)", q.Bits, q.GroupSize)
	}
	return q
}

// knownScheme bounds what weights and caches may be packed with: MLX's affine
// kernels, without the widths that do not divide a 32-bit word.
func knownScheme(q mlx.Quantisation) bool {
	bits := q.Bits == 2 || q.Bits == 4 || q.Bits == 8
	group := q.GroupSize == 32 || q.GroupSize == 64 || q.GroupSize == 128
	return bits && group
}

// of answers how a layer is packed; hasScales says whether its scales are in
// the files, which decides where config.json does not name the layer.
func (q *quantisation) of(layer string, hasScales bool) (mlx.Quantisation, bool) {
	if q == nil {
		return mlx.Quantisation{}, false
	}
	if named, ok := q.layers[layer]; ok {
		return named.Quantisation, named.quantised
	}
	return q.all, hasScales
}
