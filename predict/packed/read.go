package packed

import (
	"cmp"
	"fmt"
	"slices"

	"assay/predict/arch"
	"assay/predict/config"
)

// packed is what a file holds of one weight: its tensors by the ends of their
// names, and what the config says of it.
type packed struct {
	tensor map[string]arch.Tensor
	said   quantization
}

// unpacked is the weight itself.
type unpacked struct {
	// as names the packing: affine-4g64 is 4 bits in groups of 64.
	as    string
	shape []int64
	bits  int64
}

// packedBits are the widths that words are divided into.
var packedBits = []int64{2, 3, 4, 5, 6, 8}

// readAffine is MLX's affine quantisation: a row of n inputs is n × bits ÷ 32
// words, with a scale and a bias for each group of them. Words and scales give
// bits × group; the config says which is which.
func readAffine(p packed) (unpacked, error) {
	words, scales := p.tensor[".weight"], p.tensor[".scales"]
	if !alike(words, scales, 1) || !slices.Equal(scales.Shape, p.tensor[".biases"].Shape) {
		return unpacked{}, fmt.Errorf("words of %v do not go with scales of %v and biases of %v", words.Shape,
			scales.Shape, p.tensor[".biases"].Shape)
	}
	if p.said.group < 1 || p.said.group > config.MaxWidth {
		return unpacked{}, fmt.Errorf("no quantization in the config says how large its groups are; add group_size and bits")
	}
	inputs := scales.Shape[0] * p.said.group
	bits := words.Shape[0] * 32 / inputs
	if bits*inputs != words.Shape[0]*32 || !slices.Contains(packedBits, bits) {
		return unpacked{}, fmt.Errorf("%d words and %d scales a row are no whole bits in groups of %d", words.Shape[0],
			scales.Shape[0], p.said.group)
	}
	return p.weight("affine", bits, inputs, words), nil
}

// readMicroscaled is MLX's modes without biases, whose scales are 8-bit floats.
func readMicroscaled(p packed) (unpacked, error) {
	words, scales := p.tensor[".weight"], p.tensor[".scales"]
	mode, known := microscaled[p.said.mode]
	if !known {
		return unpacked{}, fmt.Errorf("scales without biases, and no known mode in the config (%q)", p.said.mode)
	}
	inputs := words.Shape[0] * 32 / mode.bits
	if !alike(words, scales, 1) || scales.Shape[0]*mode.group != inputs {
		return unpacked{}, fmt.Errorf("words of %v do not go with scales of %v in %s", words.Shape, scales.Shape, p.said.mode)
	}
	out := p.weight(p.said.mode, mode.bits, inputs, words)
	out.as = p.said.mode
	return out, nil
}

// readZeroed is GPTQ, whose words hold inputs, or AWQ, whose words hold
// outputs. In both, zeros hold outputs: their words give the bits.
func readZeroed(p packed) (unpacked, error) {
	words, zeros, scales := p.tensor[".qweight"], p.tensor[".qzeros"], p.tensor[".scales"]
	if len(words.Shape) != 2 || !alike(zeros, scales, 1) || scales.Shape[0] == 0 || scales.Shape[1] == 0 {
		return unpacked{}, fmt.Errorf("words of %v, zeros of %v and scales of %v are no quantised matrix", words.Shape, zeros.Shape, scales.Shape)
	}
	outputs, groups := scales.Shape[0], scales.Shape[1]
	bits := zeros.Shape[0] * 32 / outputs
	name, inputs := "gptq", int64(0)
	switch {
	case !slices.Contains(packedBits, bits) || bits*outputs != zeros.Shape[0]*32:
	case words.Shape[0] == outputs:
		inputs = words.Shape[1] * 32 / bits
	case words.Shape[0] == zeros.Shape[0]:
		name, inputs = "awq", words.Shape[1]
	}
	if inputs == 0 || inputs%groups != 0 && p.tensor[".g_idx"].Shape == nil {
		return unpacked{}, fmt.Errorf("words of %v fit neither GPTQ nor AWQ with zeros of %v and scales of %v", words.Shape,
			zeros.Shape, scales.Shape)
	}
	if order := p.tensor[".g_idx"]; order.Shape != nil && order.Elements() != inputs {
		return unpacked{}, fmt.Errorf("words of %v hold %d inputs, but g_idx orders %d", words.Shape, inputs, order.Elements())
	}
	group := (inputs + groups - 1) / groups
	return unpacked{as: fmt.Sprintf("%s-%dg%d", name, bits, group), shape: []int64{inputs, outputs}, bits: bits}, nil
}

// readFloat8 is a weight of 8-bit floats with scales by block, by row, or one.
func readFloat8(p packed) (unpacked, error) {
	weight := p.tensor[".weight"]
	scales, blocked := p.tensor[".weight_scale_inv"]
	if blocked && len(p.said.block) == 2 {
		want := slices.Clone(weight.Shape)
		for i, side := range []int64{p.said.block[1], p.said.block[0]} {
			if i < len(want) && side > 0 {
				want[i] = (want[i] + side - 1) / side
			}
		}
		if !slices.Equal(want, scales.Shape) {
			return unpacked{}, fmt.Errorf("scales of %v do not cover a weight of %v in blocks of %v", scales.Shape, weight.Shape, p.said.block)
		}
	}
	return unpacked{as: weight.Type, shape: weight.Shape, bits: cmp.Or(p.said.bits, 8)}, nil
}

// readBlocks is gpt-oss's MXFP4: blocks of 16 bytes hold 32 inputs and share
// an 8-bit exponent.
func readBlocks(p packed) (unpacked, error) {
	blocks, scales := p.tensor["_blocks"], p.tensor["_scales"]
	if len(blocks.Shape) < 3 || !slices.Equal(blocks.Shape[1:], scales.Shape) {
		return unpacked{}, fmt.Errorf("blocks of %v do not go with scales of %v", blocks.Shape, scales.Shape)
	}
	shape := slices.Clone(blocks.Shape[1:])
	shape[0] *= 2 * blocks.Shape[0]
	return unpacked{as: "mxfp4", shape: shape, bits: cmp.Or(p.said.bits, 4)}, nil
}

// readCompressed is compressed-tensors' pack-quantized, words along the
// inputs, and its NVFP4, two inputs a byte.
func readCompressed(p packed) (unpacked, error) {
	words, scales := p.tensor[".weight_packed"], p.tensor[".weight_scale"]
	bits, perWord := p.said.bits, int64(32)
	if words.Type == "u8" {
		bits, perWord = 4, 8
	}
	if !slices.Contains(packedBits, bits) || !alike(words, scales, 1) {
		return unpacked{}, fmt.Errorf("words of %v with scales of %v, and %d bits by the config", words.Shape, scales.Shape, bits)
	}
	inputs := words.Shape[0] * perWord / bits
	return p.weight("packed", bits, inputs, words), nil
}

// weight is one whose words run along its inputs.
func (p packed) weight(name string, bits, inputs int64, words arch.Tensor) unpacked {
	shape := slices.Clone(words.Shape)
	shape[0] = inputs
	groups := int64(1)
	for _, end := range []string{".scales", ".weight_scale"} {
		if s, ok := p.tensor[end]; ok {
			groups = max(1, s.Shape[0])
		}
	}
	return unpacked{as: fmt.Sprintf("%s-%dg%d", name, bits, inputs/groups), shape: shape, bits: bits}
}

// alike: the two have the same dimensions from one on.
func alike(a, b arch.Tensor, from int) bool {
	return len(a.Shape) > from && len(a.Shape) == len(b.Shape) && slices.Equal(a.Shape[from:], b.Shape[from:]) &&
		a.Shape[0] > 0 && b.Shape[0] > 0
}
