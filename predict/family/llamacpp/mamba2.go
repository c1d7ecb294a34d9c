package llamacpp

import (
	"slices"

	"assay/predict/arch"
)

// src/models/mamba2.cpp.
var _ = register(&Family{
	Name: "mamba2", block: []part{attnNorm, mamba2Rows, mamba2Norm},
	keys:  slices.Concat(ssmKeys, []key{{"attention.head_count", func(*arch.Facts) any { return uint32(0) }}}),
	Graph: &Graph{Picks: 2},
})
