package rules

import (
	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/kv"
)

// Figure is a quantity that rules speak of.
type Figure string

// The figures. HeadDim and FullLayers are what a rule takes a model's facts to
// be: elements of one key head, and how many layers keep every token.
const (
	KVBytes     Figure = "kv_bytes"
	FLOPs       Figure = "flops"
	Params      Figure = "params"
	WeightBytes Figure = "weight_bytes"
	HeadDim     Figure = "head_dim"
	FullLayers  Figure = "full_layers"
)

// Case is what a figure is asked of: the real model, not a skeleton of it,
// because rules derive facts from one another; in a runtime's context; Work is
// nil where nothing is computed, Weights the type of its matrices ("" for f16).
type Case struct {
	Facts   arch.Facts
	Params  kv.Params
	Work    *cost.Work
	Weights string
}
