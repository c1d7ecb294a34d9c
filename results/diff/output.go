package diff

import (
	"assay/results"
	"assay/results/logit"
)

// output is how far what came out moved, where that is further than rounding explains;
// nil where it is not, or cannot be said.
func (p pair) output() *logit.Agreement {
	base, head := p.base.Measured.Output, p.head.Measured.Output
	g := logit.Agree(base, head, noise(p.base), noise(p.head))
	if g == nil || g.Holds() {
		return nil
	}
	return g
}

func noise(r results.Record) *logit.Noise {
	if r.Predicted == nil {
		return nil
	}
	return r.Predicted.OutputNoise
}
