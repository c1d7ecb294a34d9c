// Package noise says how far apart two computations of the same may come out by
// rounding alone, from the types that a runtime rounds to and the depth of a model.
// It does not know a runtime.
//
// A number that is rounded to nearest with p bits is off by up to u = 2^-p of itself,
// and by u/√3 in the root mean square (Higham, Accuracy and Stability of Numerical
// Algorithms, 2002, 2.2; uniform errors). An input of a product with weights that is
// off by a relative error e in directions of its own gives a product that is off by e
// too: a sum of n terms grows as √n, and so does the sum of n independent errors
// (2.6, the statistical rule of thumb). A residual stream adds what each layer puts
// in, so that errors of n roundings come to e√n at most; normalisation keeps the
// ratio. Sums themselves, in n steps at p bits, are off by u√(n/3): each step rounds
// what has been summed so far, a third of the end's square on average.
//
// Double of that is allowed, as a maximum over a dozen positions has it, and since
// softmax and gates magnify a little.
package noise

import (
	"math"

	"assay/predict/arch"
)

// Bits of the significands of floating-point types (IEEE 754; bfloat16 has eight).
var significand = map[string]int{"f16": 11, "bf16": 8, "f32": 24}

// blocks are quantised types in which a runtime keeps numbers, with the numbers that
// share a scale and the largest that it is multiplied by (ggml/src/ggml-quants.c,
// llama.cpp v0.5.0: quantize_row_q8_0_ref and its like).
var blocks = map[string]struct{ size, largest float64 }{
	"q8_0": {32, 127}, "q8_1": {32, 127}, "q8_K": {256, 127},
	"q4_0": {32, 8}, "q4_1": {32, 8}, "q5_0": {32, 16}, "q5_1": {32, 16}, "iq4_nl": {32, 8},
}

// Of is the relative error, in the root mean square, of numbers that are rounded to
// a type; false where that is not known. In a block the step is the largest over what
// it is divided by, and the largest of n normal numbers is about √(2 ln n) deviations.
func Of(typ string) (float64, bool) {
	if bits, ok := significand[typ]; ok {
		return math.Exp2(-float64(bits)) / math.Sqrt(3), true
	}
	b, ok := blocks[typ]
	return math.Sqrt(2*math.Log(b.size)) / b.largest / math.Sqrt(12), ok
}

// Arithmetic is what a runtime rounds in one layer.
type Arithmetic struct {
	// Inputs is the type that inputs of products with weights are rounded to, and
	// Products how many such roundings follow one another in a layer.
	Inputs   string
	Products int
	// Keys and Values are the types of the cache.
	Keys, Values string
	// Tokens is over how many attention sums at most, HalfSums that it sums values in
	// half precision.
	Tokens   int
	HalfSums bool
}

// attention is how many roundings to half precision attention has: queries, weights
// of the values, and what comes out.
const attention = 3

// Distance is how far the logits may be from those of exact arithmetic, as a multiple
// of their standard deviation, at a token whose experts are chosen alike; false where
// a type is not known, or where rounding explains so much that nothing could be said.
func Distance(f arch.Facts, a Arithmetic) (float64, bool) {
	input, ok := Of(a.Inputs)
	keys, okKeys := Of(a.Keys)
	values, okValues := Of(a.Values)
	if !ok || !okKeys || !okValues {
		return 0, false
	}
	half, _ := Of("f16")
	variance, flips, routed := input*input, 0.0, 0.0 // the head's input
	for i, l := range f.Layers {
		variance += float64(a.Products) * input * input
		if l.Attention != nil {
			variance += keys*keys + values*values + (attention+a.summed(l.Attention)/3)*half*half
		}
		if ff := l.FeedForward; ff != nil && ff.Experts != nil {
			happens, adds := flip(*ff.Experts, math.Sqrt(variance))
			flips, routed = flips+happens, routed+adds/float64(i+1)
		}
	}
	if flips <= seldom { // the others' alone, which attention takes the mean of
		routed /= float64(max(a.Tokens, 1))
	}
	distance := math.Sqrt(4*variance + routed)
	return distance, distance <= most
}

// most is the largest distance that says anything: outputs that have nothing in
// common are √2 apart, those of models that differ in a layer not much less than this.
const most = 0.5

// seldom is how many routes of a token may fall the other way without the median
// token being one of those.
const seldom = 0.25

// summed is over how many tokens a layer's attention sums in half precision.
func (a Arithmetic) summed(layer *arch.Attention) float64 {
	switch {
	case !a.HalfSums:
		return 0
	case layer.Window > 0:
		return float64(min(a.Tokens, int(layer.Window)))
	}
	return float64(a.Tokens)
}

// flip is how often a token's choice of k among n experts falls the other way when
// the router's input is off by a relative error, and what that adds to the square of
// the error where as much comes from the experts as from the stream: one of k equally
// weighted terms is another one, 2/k. With normal router's logits the density of
// experts at the k-th largest is k√(2 ln(n/k)) a deviation (Mills' ratio), and two of
// independent errors pass one another √2 times the error apart.
func flip(e arch.Experts, off float64) (happens, adds float64) {
	if e.Used == 0 || e.Count <= e.Used {
		return 0, 0
	}
	density := float64(e.Used) * math.Sqrt(2*math.Log(float64(e.Count)/float64(e.Used)))
	happens = min(1, math.Sqrt2*off*density)
	return happens, happens * 2 / float64(e.Used)
}

// Routed reports whether any layer chooses experts.
func Routed(f arch.Facts) bool {
	for _, l := range f.Layers {
		if l.FeedForward != nil && l.FeedForward.Experts != nil {
			return true
		}
	}
	return false
}
