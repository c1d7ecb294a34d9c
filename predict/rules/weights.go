package rules

import (
	"assay/predict/cost"
	"assay/predict/tensor"
)

// params counts all parameters, or those that a rule knows of.
func (q question) params() (int64, error) {
	size, err := cost.SizeOf(q.Facts, q.Weights)
	if err != nil {
		return 0, err
	}
	return size.Params + q.moreNorms(size) + q.moreHead(size), nil
}

// moreNorms is what a rule with two norms a layer counts more of them than the
// model has; the exact one no more.
func (q question) moreNorms(size cost.Size) int64 {
	if !q.twoNorms {
		return 0
	}
	return 2*q.Facts.Hidden*int64(len(q.Facts.Layers)) - sizeOfPart(size, tensor.Norms)
}

// moreHead is the output head that a rule counts and the model has not.
func (q question) moreHead(size cost.Size) int64 {
	if !q.ownHead || sizeOfPart(size, tensor.OutputHead) > 0 {
		return 0
	}
	return q.Facts.Vocab * q.Facts.Hidden
}

func sizeOfPart(size cost.Size, part tensor.Part) int64 {
	for _, p := range size.Parts {
		if p.Part == part {
			return p.Params
		}
	}
	return 0
}

// weightBytes is exact with vectors in f32; plain types store all parameters
// alike.
func (q question) weightBytes() (int64, error) {
	size, err := cost.SizeOf(q.Facts, q.Weights)
	if err != nil {
		return 0, err
	}
	if q.plainTypes {
		return q.sizeOf(size.Params+q.moreNorms(size)+q.moreHead(size), q.Weights)
	}
	head, err := q.sizeOf(q.moreHead(size), q.Weights)
	return size.Bytes + 4*q.moreNorms(size) + head, err
}
