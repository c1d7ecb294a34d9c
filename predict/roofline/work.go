package roofline

import "fmt"

// Work is what one sample of a case has to do: counted, not measured. FLOPs
// count a multiplication and an addition as two; sizes are in bytes. All
// figures are sums over the whole sample; nil is one that is not known.
type Work struct {
	// Tokens is how many the sample processes (prefill) or generates (decode).
	Tokens float64 `json:"tokens"`
	// Steps is the number of graphs evaluated: micro-batches, or decode steps.
	Steps float64 `json:"steps"`
	// Products is the number of matrix products over all steps, a layer's attention
	// one of them; Nodes that of all graph nodes that compute something.
	Products *float64 `json:"products,omitempty"`
	Nodes    *float64 `json:"nodes,omitempty"`
	Layers   *Layers  `json:"layers,omitempty"`
	Terms    []Term   `json:"terms"`
	// Rough: the count is of a model like it, and a few percent off.
	Rough bool `json:"rough,omitempty"`
	// KVWrite and Activation are the bytes moved besides the terms' own.
	KVWrite    float64 `json:"kv_write"`
	Activation float64 `json:"activation"`
}

// Layers are the blocks evaluated over all steps, and of these the ones that
// have experts, and a recurrent state.
type Layers struct {
	All       float64 `json:"all"`
	Experts   float64 `json:"experts,omitempty"`
	Recurrent float64 `json:"recurrent,omitempty"`
}

// Term is the arithmetic and the traffic of one class of operation on one type
// of data.
type Term struct {
	// Class is "weights", "experts", "head" (products with weights) or "attention".
	Class string `json:"class"`
	// Type is the weights' type (f16, q4_K, ...), or the K cache's for attention.
	Type  string  `json:"type"`
	FLOPs float64 `json:"flops"`
	// Bytes are the weights touched, or the cache read.
	Bytes float64 `json:"bytes"`
	// LiveFLOPs are, for attention, those of FLOPs that fall on cells which the
	// mask lets through.
	LiveFLOPs *float64 `json:"live_flops,omitempty"`
	// RowBytes is, for attention, the distance in memory from the keys of one
	// cell to those of the next.
	RowBytes *float64 `json:"row_bytes,omitempty"`
}

// The classes of a Term.
const (
	ClassWeights   = "weights"
	ClassExperts   = "experts"
	ClassHead      = "head"
	ClassAttention = "attention"
)

// singleToken reports whether each step processes one token, so that products
// with weights are of a matrix and a vector.
func (w Work) singleToken() bool { return w.Tokens <= w.Steps }

// flops is the arithmetic of all terms.
func (w Work) flops() float64 {
	var sum float64
	for _, t := range w.Terms {
		sum += t.FLOPs
	}
	return sum
}

// bytes is all traffic that is counted.
func (w Work) bytes() float64 {
	sum := w.KVWrite + w.Activation
	for _, t := range w.Terms {
		sum += t.Bytes
	}
	return sum
}

// roughly is the factor that a rough count is taken to be good to: an assumption,
// generous for matrices that a layout may have more or fewer of.
const roughly = 1.1

// Widening is the factor by which the count alone widens an interval.
func (w Work) Widening() float64 {
	if w.Rough {
		return roughly
	}
	return 1
}

// Check refuses work from which no time can follow.
func (w Work) Check() error {
	if w.Tokens <= 0 || w.Steps <= 0 {
		return fmt.Errorf("a sample of %g tokens in %g steps has no speed", w.Tokens, w.Steps)
	}
	if w.flops() <= 0 || w.bytes() <= 0 {
		return fmt.Errorf("the sample's operations or bytes are not counted (%g FLOPs, %g bytes)", w.flops(), w.bytes())
	}
	return nil
}

// Interval is a figure with the bounds that contain it with 95 % confidence.
type Interval struct {
	Value float64 `json:"value"`
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
}

// PerSecond turns an interval of seconds into one of tokens a second: the
// bounds change places.
func (s Interval) PerSecond(tokens float64) Interval {
	return Interval{Value: tokens / s.Value, Lo: tokens / s.Hi, Hi: tokens / s.Lo}
}
