package noise_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/noise"
)

// model has so many layers, of experts if there are any.
func model(layers int, experts *arch.Experts) arch.Facts {
	f := arch.Facts{}
	for range layers {
		f.Layers = append(f.Layers, arch.Layer{Attention: &arch.Attention{}, FeedForward: &arch.FeedForward{Experts: experts}})
	}
	return f
}

// By hand: 2^-11/√3 in half precision; √(2 ln 32) = 2.633 deviations over 127 steps,
// over √12.
func TestOf(t *testing.T) {
	for typ, want := range map[string]float64{"f16": 2.819e-4, "bf16": 2.255e-3, "f32": 3.441e-8, "q8_0": 5.985e-3, "q4_0": 0.0950} {
		got, ok := noise.Of(typ)
		assert.True(t, ok)
		assert.InEpsilon(t, want, got, 1e-3, typ)
	}
	_, ok := noise.Of("q3_K")
	assert.False(t, ok, "what no runtime keeps numbers in")
}

// Errors grow with the root of the depth, with coarser types, longer sums, and where
// routes fall the other way.
func TestDistanceGrows(t *testing.T) {
	half := noise.Arithmetic{Inputs: "f16", Products: 4, Keys: "f16", Values: "f16", Tokens: 512}
	distance := func(f arch.Facts, a noise.Arithmetic) float64 {
		d, ok := noise.Distance(f, a)
		require.True(t, ok)
		return d
	}
	shallow, deep := distance(model(8, nil), half), distance(model(32, nil), half)
	assert.InEpsilon(t, 2, deep/shallow, 0.05)
	assert.InEpsilon(t, 2*2.819e-4*math.Sqrt(8*9+1), shallow, 1e-3)
	coarse, long := half, half
	coarse.Inputs, long.Tokens, long.HalfSums = "bf16", 4096, true
	assert.Greater(t, distance(model(8, nil), coarse), 4*shallow)
	assert.Greater(t, distance(model(8, nil), long), 10*shallow)
	few, many := &arch.Experts{Count: 8, Used: 2}, &arch.Experts{Count: 128, Used: 8}
	assert.Less(t, distance(model(8, few), half), 2*shallow, "the median token's routes are its own")
	assert.Greater(t, distance(model(48, many), half), 2*distance(model(48, nil), half))
}

// Where rounding explains anything, nothing is said.
func TestDistanceThatSaysNothing(t *testing.T) {
	for name, a := range map[string]noise.Arithmetic{
		"a cache of four bits": {Inputs: "f16", Products: 4, Keys: "q4_0", Values: "q4_0"},
		"a type not known":     {Inputs: "q3_K", Products: 4, Keys: "f16", Values: "f16"},
	} {
		_, ok := noise.Distance(model(32, nil), a)
		assert.False(t, ok, name)
	}
}
