package results

import "assay/results/logit"

// KVSources is the cache's size from each source that was read. Tensors is
// exact; Log is rounded by the library to LogPrecision; State is what a
// saved sequence of StateTokens tokens occupies; Footprint is the growth of
// the process.
type KVSources struct {
	Tensors      *int64 `json:"tensors,omitempty"`
	Log          *int64 `json:"log,omitempty"`
	LogPrecision *int64 `json:"log_precision,omitempty"`
	State        *int64 `json:"state,omitempty"`
	StateTokens  *int   `json:"state_tokens,omitempty"`
	Footprint    *int64 `json:"footprint,omitempty"`
	// Active is the allocator's own count of live bytes (MLX).
	Active *int64 `json:"active,omitempty"`
}

// TokensPerSecond summarises a timed case.
type TokensPerSecond struct {
	Median float64 `json:"median"`
	Mean   float64 `json:"mean"`
	// Stddev needs two samples, CI95 (of the median) six.
	Stddev *float64    `json:"stddev,omitempty"`
	CI95   *[2]float64 `json:"ci95,omitempty"`
}

// Measured is what was read from the running library.
type Measured struct {
	KVBytes   *int64     `json:"kv_bytes,omitempty"`
	KVLayers  []KVLayer  `json:"kv_layers,omitempty"`
	KVSources *KVSources `json:"kv_sources,omitempty"`
	FLOPs     *int64     `json:"flops,omitempty"`
	// FLOPsByOp splits FLOPs by graph operation (MUL_MAT, MUL_MAT_ID, FLASH_ATTN_EXT;
	// MLX's Matmul, AddMM, QuantizedMatmul, GatherMM, GatherQMM, ScaledDotProductAttention).
	FLOPsByOp map[string]int64 `json:"flops_by_op,omitempty"`
	// Nodes are all nodes of the graphs, Cost's those that compute something.
	Nodes *int64 `json:"nodes,omitempty"`
	// Cost is what the nodes of the executed graphs read, computed and wrote.
	Cost *Cost `json:"cost,omitempty"`
	// Placement is which device held and ran what.
	Placement *Placement `json:"placement,omitempty"`
	// FlashAttn is what the runtime settled on where the case says auto.
	FlashAttn *bool `json:"flash_attn,omitempty"`
	// WeightBytes are the weights as the library loaded them.
	WeightBytes *int64 `json:"weight_bytes,omitempty"`
	NParams     *int64 `json:"n_params,omitempty"`
	// SamplesNS are the durations of one sample each; Rounds has the round
	// (fresh process) of each sample.
	SamplesNS       []int64          `json:"samples_ns,omitempty"`
	Rounds          []int            `json:"rounds,omitempty"`
	TokensPerSecond *TokensPerSecond `json:"tokens_per_second,omitempty"`
	Memory          *Memory          `json:"memory,omitempty"`
	// PeakBytes is the most that the runtime's allocator held, weights included, in a
	// pass that was watched.
	PeakBytes *int64 `json:"peak_bytes,omitempty"`
	// Dropped is how many samples were left out because the device compiled kernels
	// in them. Before the first sample the whole prompt, or one token, runs once.
	Dropped int `json:"dropped_samples,omitempty"`
	// Spread tells what varies within a process from what does between processes.
	Spread *Spread `json:"spread,omitempty"`
	// HostNSPerToken is the time spent outside the library, per token.
	HostNSPerToken *float64 `json:"host_ns_per_token,omitempty"`
	// Missing says why figures are absent that other libraries give, by name.
	Missing map[string]string `json:"missing,omitempty"`
	// Output is what came out of the model; absent where nothing was read.
	Output *logit.Output `json:"output,omitempty"`
	// Canary is the duration of a fixed piece of work before and after the case.
	CanaryNS []int64 `json:"canary_ns,omitempty"`
}

// LogAgrees reports whether so many bytes are what the library's log says, within
// the log's rounding. Log must be there.
func (s *KVSources) LogAgrees(bytes int64) bool {
	return max(bytes-*s.Log, *s.Log-bytes) <= *s.LogPrecision
}

// Garbage reports whether what came out has values that are not numbers.
func (m *Measured) Garbage() bool { return m != nil && m.Output != nil && m.Output.NaN > 0 }

// Miss notes why a figure is absent.
func (m *Measured) Miss(figure, why string) {
	if m.Missing == nil {
		m.Missing = map[string]string{}
	}
	m.Missing[figure] = why
}
