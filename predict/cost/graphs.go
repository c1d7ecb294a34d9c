package cost

// recurrences are what a recurrent layer evaluates beside its tensors' nodes:
// steps always, and resets, one a state, when a sequence starts.
var recurrences = map[string]struct{ steps, resets int64 }{
	// build_mamba2_layer: both states fetched and stored, the convolution's
	// window, SiLU, two copies in front of the scan, skip and gate.
	"mamba2": {9, 2},
	// build_shortconv_block: the state fetched and stored, the window, two gates.
	"shortconv": {5, 1},
}

// The releases in which graphs changed.
const (
	clampsSince = "b8121"  // the sum that experts' weights are divided by
	groupsSince = "b8121"  // experts are chosen in groups
	keysAlone   = "b8121"  // latent attention stores no values
	skipsUnit   = "b8390"  // experts' weights are not scaled by 1
	halfMask    = "b10361" // flash attention's mask is made in f16, not cast
)
