package diff

import "assay/results"

// pair is one case on both sides.
type pair struct {
	key        results.Key
	base, head results.Record
	// last is the environment of the last accepted night, nil without a window.
	last *results.Environment
}

func (p pair) measured() bool {
	return p.base.Status == results.StatusOK && p.head.Status == results.StatusOK &&
		p.base.Measured != nil && p.head.Measured != nil
}
