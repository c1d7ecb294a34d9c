package llamacpp

import (
	"strings"

	"assay/harness/runtime"
	"assay/predict/arch"
	"assay/predict/noise"
	"assay/results"
	"assay/results/logit"
)

// roundedProducts is how many inputs of products with weights follow one another in a
// layer: the layer's, attention's result, the feed-forward part's and its result.
const roundedProducts = 4

// outputNoise is what rounding explains of a difference in what comes out; nil where
// that is not known.
func outputNoise(run arch.Facts, weightType string, c results.Case, lib results.Runtime) *logit.Noise {
	a := noise.Arithmetic{
		Inputs: inputsOf(run, weightType, len(lib.GPUs()) > 0), Products: roundedProducts, Keys: or(c.TypeK), Values: or(c.TypeV),
		Tokens: c.NDepth + c.NPrompt + c.NGen,
	}
	// The CPU's flash attention sums values of half precision in that
	// (ggml_compute_forward_flash_attn_ext_f16_one_chunk of ggml/src/ggml-cpu/ops.cpp, v0.5.0).
	a.HalfSums = c.FlashAttn != "off" && c.FlashAttn != runtime.FlashTurnedOff && a.Values == "f16"
	distance, ok := noise.Distance(run, a)
	if !ok {
		return nil
	}
	return &logit.Noise{Distance: distance, Routed: noise.Routed(run)}
}

// inputsOf is the coarsest type that inputs of products are rounded to: a row is
// converted to what its weights are multiplied with (type_traits_cpu, vec_dot_type, of
// ggml/src/ggml-cpu/ggml-cpu.c, v0.5.0): themselves, or eight bits in blocks of 32, or
// of 256 for types that have such. A GPU multiplies in half precision what is in
// single (kernel_mul_mm of ggml/src/ggml-metal/ggml-metal.metal).
func inputsOf(run arch.Facts, weightType string, gpu bool) string {
	types := []string{weightType}
	for _, t := range run.Tensors {
		if len(t.Shape) > 1 && weightType == "" {
			types = append(types, t.Type)
		}
	}
	coarsest, most := "", 0.0
	for _, typ := range types {
		input := inputOf(strings.ToLower(typ), gpu)
		if off, ok := noise.Of(input); ok && off > most {
			coarsest, most = input, off
		}
	}
	return coarsest
}

func inputOf(typ string, gpu bool) string {
	switch {
	case typ == "" || typ == "f16" || typ == "f32" && gpu:
		return "f16"
	case typ == "f32" || typ == "bf16":
		return typ
	case strings.Contains(typ, "_k") || strings.HasPrefix(typ, "iq") && typ != "iq4_nl":
		return "q8_K"
	}
	return "q8_0"
}
