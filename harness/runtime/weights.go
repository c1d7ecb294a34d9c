package runtime

import (
	"assay/predict/tensor"
)

// Weights are what a model's weights take in the files of a runtime.
type Weights struct {
	// Bytes are nil where no rule says them.
	Bytes *int64
	// Parts are the bytes of each part, and Types those of each type, the largest
	// first; both are absent where the files' layout is known as a whole alone.
	Parts map[tensor.Part]int64
	Types []TypeShare
}

// TypeShare is what of the weights is stored as one type.
type TypeShare struct {
	Type    string `json:"type"`
	Tensors int    `json:"tensors"`
	Params  int64  `json:"params"`
	Bytes   int64  `json:"bytes"`
}

// WeightsAs is the size of the weights stored as a type.
type WeightsAs struct {
	Type  string `json:"type"`
	Bytes int64  `json:"bytes"`
	// BitsPerElement is the type's own, scales of its blocks included.
	BitsPerElement float64 `json:"bits_per_element"`
}
