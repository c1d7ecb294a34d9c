package llamacpp

import "assay/predict/arch"

// src/models/llama4.cpp attends in chunks of 8192 whatever the key says, and its
// experts take their input repeated and weighed.
var _ = register(&Family{
	Name: "llama4", WeighsInput: true, block: standardBlock,
	Window: &Window{Period: 4, Absent: 8192, Fixed: 8192, Chunked: true},
	keys:   []key{{"interleave_moe_layer_step", moeStep}},
	Graph:  &Graph{Queries: llama4Queries, Activation: 1, Router: 5, Picks: 2},
})

// moeStep is the distance of the routed layers, counted from the first.
func moeStep(f *arch.Facts) any {
	return leadingDense(f).(uint32) + 1
}
