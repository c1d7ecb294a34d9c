package results

import "assay/results/logit"

// KVLayer is the cache of one layer. Class is "full", "sliding", "chunked",
// "mla", "recurrent" or "shared"; for "recurrent" KBytes is the convolution
// state, VBytes the recurrent state and Cells the number of sequences.
type KVLayer struct {
	Layer  int    `json:"layer"`
	Class  string `json:"class"`
	Cells  int64  `json:"cells"`
	KBytes int64  `json:"k_bytes"`
	VBytes int64  `json:"v_bytes"`
	// Device holds it, as the runtime names it ("CPU", "MTL0"); absent where it is
	// not known.
	Device string `json:"device,omitempty"`
}

// CostTerm is the arithmetic and the weight traffic of one class of operation
// on one weight type, summed over one whole sample (every step of it).
type CostTerm struct {
	// Class is "weights", "experts", "head" (products with weights) or "attention".
	Class string `json:"class"`
	// Type is the weight type (f16, q4_K, ...), or the K cache's for attention.
	Type  string `json:"type"`
	FLOPs int64  `json:"flops"`
	// Bytes are weight bytes touched, or cache bytes read for attention.
	Bytes int64 `json:"bytes"`
	// LiveFLOPs, for attention, are those of FLOPs on cells that the mask lets
	// through; RowBytes is the distance from one cell's keys to the next's.
	LiveFLOPs *int64 `json:"live_flops,omitempty"`
	RowBytes  *int64 `json:"row_bytes,omitempty"`
}

// Cost is what one sample of a case has to do.
type Cost struct {
	// Steps is the number of evaluated graphs (micro-batches or decode steps).
	Steps int64 `json:"steps"`
	// Nodes is the number of graph nodes over all steps that compute something,
	// views left out, where it is known.
	Nodes *int64 `json:"nodes,omitempty"`
	// Products is the number of matrix products among them, a layer's attention
	// counted as one.
	Products *int64 `json:"products,omitempty"`
	// Layers are the blocks evaluated over all steps: all, those with experts,
	// those with a recurrent state. Predicted only.
	Layers *[3]int64  `json:"layers,omitempty"`
	Terms  []CostTerm `json:"terms"`
	// KVWriteBytes, ActivationBytes are moved besides the terms' bytes.
	KVWriteBytes    int64 `json:"kv_write_bytes"`
	ActivationBytes int64 `json:"activation_bytes"`
	// ExpertBytes are the fewest and the most bytes of experts that could be
	// touched; which ones are is chosen as the tokens run. Predicted only.
	ExpertBytes *[2]int64 `json:"expert_bytes,omitempty"`
}

// Predicted is what the architecture and the runtime's policy say, computed
// without running anything.
type Predicted struct {
	// Rules names the rule set; the exact one is "exact".
	Rules    string    `json:"rules"`
	KVBytes  *int64    `json:"kv_bytes,omitempty"`
	KVLayers []KVLayer `json:"kv_layers,omitempty"`
	// WeightBytes are those of what is run: the skeleton's if one stands in.
	WeightBytes *int64 `json:"weight_bytes,omitempty"`
	FLOPs       *int64 `json:"flops,omitempty"`
	BytesMoved  *int64 `json:"bytes_moved,omitempty"`
	Cost        *Cost  `json:"cost,omitempty"`
	// Seconds is the duration of one sample; TokensPerSecond follows from it.
	// Both are absent until a fit of the machine exists.
	Seconds         *Interval `json:"seconds,omitempty"`
	TokensPerSecond *Interval `json:"tokens_per_second,omitempty"`
	// Fit is the id of the fit that Seconds was predicted from.
	Fit string `json:"fit,omitempty"`
	// Placement is which device will hold each layer's weights, where the library's
	// devices are known.
	Placement *Placement `json:"placement,omitempty"`
	// Fallbacks are what a device has no kernel for, or one that is known to be wrong,
	// a sentence each.
	Fallbacks []string `json:"fallbacks,omitempty"`
	// OutputNoise is what rounding alone explains of a difference in what comes out;
	// absent where it is not predicted, or explains any difference.
	OutputNoise *logit.Noise `json:"output_noise,omitempty"`
	// PeakKVBytes is the largest the cache gets on the way, where it can shrink.
	PeakKVBytes *int64 `json:"peak_kv_bytes,omitempty"`
	// Memory is all that the model and the context take.
	Memory *Memory `json:"memory,omitempty"`
}

// Interval is a figure with the bounds that contain it with 95 % confidence.
type Interval struct {
	Value float64 `json:"value"`
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
}
