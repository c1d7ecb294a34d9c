package mlx

import (
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/results"
)

// Roughly completes a prediction of a model type whose forward pass is not known
// by a count that is a few percent off: good enough for a speed, no prediction
// of operations.
func (Runtime) Roughly(f arch.Facts, weightType string, c results.Case, p *results.Predicted) error {
	if p.WeightBytes == nil {
		size, err := cost.MLXRoughBytes(f, weightType)
		if err != nil {
			return err
		}
		p.WeightBytes = &size
	}
	var err error
	p.Cost, err = countedAs(f, c, params(f, weightType, c), cost.Work{Weights: weightType, Rough: true})
	return err
}
