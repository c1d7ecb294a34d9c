package published

import (
	"regexp"
	"strconv"
	"strings"
)

// part is a share of the weights of one type.
type part struct {
	typ   string
	share float64 // of the elements
}

// mix is what a file of several types is made of.
type mix struct{ body, experts, head []part }

func pure(typ string) []part { return []part{{typ, 1}} }

// mixes are llama-quantize's (src/llama-quant.cpp, llama_tensor_get_type, v0.5.0):
// of the K mixes half of attn_v and ffn_down, where use_more_bits says so, are
// larger, and so is the output head. The shares are those of a Llama's matrices.
// Files of other makers (UD) are taken as the mix that they are named after;
// where a figure has the size of its file the bytes follow that.
var mixes = map[string]mix{
	"Q4_K_M": {[]part{{"q4_K", 0.78}, {"q6_K", 0.22}}, []part{{"q4_K", 0.83}, {"q6_K", 0.17}}, pure("q6_K")},
	"Q4_K_S": {pure("q4_K"), pure("q4_K"), pure("q6_K")},
	"Q5_K_M": {[]part{{"q5_K", 0.78}, {"q6_K", 0.22}}, []part{{"q5_K", 0.83}, {"q6_K", 0.17}}, pure("q6_K")},
	"Q6_K":   {pure("q6_K"), pure("q6_K"), pure("q6_K")},
	"Q4_0":   {pure("q4_0"), pure("q4_0"), pure("q6_K")},
	"Q8_0":   {pure("q8_0"), pure("q8_0"), pure("q8_0")},
	"F16":    {pure("f16"), pure("f16"), pure("f16")},
	"BF16":   {pure("bf16"), pure("bf16"), pure("bf16")},
	"MXFP4":  {pure("q8_0"), pure("mxfp4"), pure("q8_0")},
	// mlx-lm's names; scales are counted with the words.
	"mxfp4-q8": {pure("8bit"), pure("mxfp4"), pure("8bit")},
	"qat-4bit": {pure("4bit"), pure("4bit"), pure("4bit")},
	"ud-4bit":  {[]part{{"4bit", 0.8}, {"8bit", 0.2}}, pure("4bit"), pure("8bit")},
}

// mixOf is the mix of that name; a name that is none is a type of its own.
func mixOf(name string) mix {
	name = strings.TrimPrefix(name, "UD-")
	if rest, ok := strings.CutSuffix(name, "_XL"); ok {
		name = rest + "_M"
	}
	if m, ok := mixes[name]; ok {
		return m
	}
	return mix{pure(name), pure(name), pure(name)}
}

// bits of a weight as ggml's blocks hold it (ggml-common.h: the block's size in
// bits over its 32 or 256 weights).
var bits = map[string]float64{
	"f32": 32, "f16": 16, "bf16": 16,
	"q8_0": 8.5, "q6_K": 6.5625, "q5_K": 5.5, "q4_K": 4.5, "q3_K": 3.4375, "q2_K": 2.625,
	"q4_0": 4.5, "q4_1": 5, "q5_0": 5.5, "q5_1": 6, "mxfp4": 4.25, "nvfp4": 4.5,
	"iq4_nl": 4.5, "iq4_xs": 4.25, "iq3_s": 3.4375, "iq3_xxs": 3.0625,
	"iq2_s": 2.5625, "iq2_xs": 2.3125, "iq2_xxs": 2.0625, "iq1_m": 1.75, "iq1_s": 1.5625, "tq2_0": 2.0625, "tq1_0": 1.6875,
}

var packedName = regexp.MustCompile(`^(\d)bit(?:-g(\d+))?$`)

// bitsOf is the size of a weight of the type. MLX's groups have a scale and a
// bias of 16 bits each. One that is not known is taken as q4_K.
func bitsOf(typ string) float64 {
	if b, ok := bits[typ]; ok {
		return b
	}
	m := packedName.FindStringSubmatch(typ)
	if m == nil {
		return bits["q4_K"]
	}
	width, _ := strconv.ParseFloat(m[1], 64)
	group := 64.0
	if m[2] != "" {
		group, _ = strconv.ParseFloat(m[2], 64)
	}
	return width + 32/group
}

// kin are the types whose rates the figures can tell apart, and which others
// they stand for: kernels that unpack alike.
var kin = map[string]string{
	"f32": "f16", "f16": "f16", "bf16": "bf16",
	"q8_0": "q8_0", "q6_K": "q6_K", "q5_K": "q5_K", "q4_K": "q4_K", "q3_K": "q4_K", "q2_K": "q4_K",
	"q4_0": "q4_0", "q4_1": "q4_0", "q5_0": "q4_0", "q5_1": "q4_0", "mxfp4": "q4_0", "nvfp4": "q4_0",
}

// kinOf is the type that stands for typ, and whether figures have it itself.
func kinOf(runtime, typ string) (name string, own bool) {
	if runtime == MLX {
		switch {
		case typ == "f16" || typ == "bf16" || typ == "f32":
			return "float", typ != "f32"
		case bitsOf(typ) > 7:
			return "8bit", true
		case bitsOf(typ) > 5.2:
			return "6bit", true
		}
		return "4bit", !strings.HasPrefix(typ, "2") && !strings.HasPrefix(typ, "3")
	}
	if k, ok := kin[typ]; ok {
		return k, k == typ || typ == "mxfp4"
	}
	return "q4_K", false
}
