package mlx

import "assay/predict/arch"

func init() {
	register(Family{
		Module: "gpt_oss",
		Cache:  Cache{Batches: true, Chooses: true, Slides: true, Unreadable: "attention with sinks does not read a quantised cache"},
		Pass:   &Pass{Config: true},
		Runs:   pairs,
	})
}

// pairs: without layer_types, layers alternate in pairs, and the last of an odd
// number is loaded and not run (gpt_oss.py zips layers, caches and types).
func pairs(f arch.Facts) int {
	if _, byPeriod := f.Provenance["attention.period"]; byPeriod {
		return len(f.Layers) / 2 * 2
	}
	return len(f.Layers)
}
