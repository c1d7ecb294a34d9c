package diff

import "assay/results"

// pair is one case on both sides.
type pair struct {
	key        results.Key
	base, head results.Record
	// past are the environments of the accepted nights, none without a window.
	past []*results.Environment
}

func (p pair) measured() bool {
	return p.base.Status == results.StatusOK && p.head.Status == results.StatusOK &&
		p.base.Measured != nil && p.head.Measured != nil
}
