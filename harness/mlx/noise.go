package mlx

import (
	"assay/predict/arch"
	"assay/predict/noise"
	"assay/results"
	"assay/results/logit"
)

// roundings is how many results a layer has one after another, each of which MLX
// rounds to the weights' floating-point type: norm, projection, rotation, attention,
// projection, sum; norm, projection, activation, product, projection, sum
// (mlx_lm/models/llama.py, mlx-lm 0.31.3).
const roundings = 12

// outputNoise is what rounding explains of a difference in what comes out; nil where
// that is not known, as of a cache that is packed.
func outputNoise(run arch.Facts, weightType string, c results.Case) *logit.Noise {
	typ := cacheType(run, weightType)
	if c.KVBits > 0 {
		return nil
	}
	distance, ok := noise.Distance(run, noise.Arithmetic{Inputs: typ, Products: roundings, Keys: typ, Values: typ,
		Tokens: c.NDepth + c.NPrompt + c.NGen})
	if !ok {
		return nil
	}
	return &logit.Noise{Distance: distance, Routed: noise.Routed(run)}
}
