package cost

import "assay/predict/kv"

// recurrences are what a recurrent layer evaluates beside its tensors' nodes:
// steps always, and resets, one a state, when a sequence starts; and gathers,
// where a context of several sequences gathers their states in one piece.
var recurrences = map[string]struct{ steps, resets, gathers int64 }{
	// build_mamba2_layer: both states fetched and stored, the convolution's
	// window, SiLU, two copies in front of the scan, skip and gate.
	"mamba2": {9, 2, 1},
	// build_shortconv_block: the state fetched and stored, the window, two gates.
	"shortconv": {5, 1, 0},
}

// The releases in which graphs changed, seen in the graphs that those before and
// after evaluated.
var (
	clamped     = kv.Span{Since: "b6845"}  // the sum that experts' weights are divided by
	grouped     = kv.Span{Since: "b6845"}  // experts are chosen in groups
	keysAlone   = kv.Span{Since: "b7836"}  // latent attention stores no values
	scaledByOne = kv.Span{Until: "b8352"}  // experts' weights are scaled by 1, too
	castMask    = kv.Span{Until: "b9842"}  // flash attention's mask is made in f32, and cast
	gathered    = kv.Span{Since: "b11413"} // the states of several sequences, in one piece
)
