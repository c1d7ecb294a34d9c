package model

import (
	"assay/harness/runtime"
	"assay/predict/arch"
	"assay/predict/machines"
	"assay/results"
)

// Inspection is what can be said of a model from its facts alone.
type Inspection struct {
	Runtime string       `json:"runtime"`
	Facts   arch.Facts   `json:"facts"`
	SHA256  string       `json:"facts_sha256"`
	Params  []ParamsPart `json:"params"`
	// Total and Active are sums of Params; Active is what one token meets.
	// Both are absent where there are neither weights nor a known layout.
	Total  int64 `json:"total_params,omitempty"`
	Active int64 `json:"active_params,omitempty"`
	// Draft are the parameters of blocks for multi-token prediction, which Total
	// leaves out.
	Draft int64 `json:"draft_params"`
	// WeightBytes are the weights as the file has them where Stored, else as they
	// would be, in f16 unless told otherwise.
	WeightBytes *int64              `json:"weight_bytes,omitempty"`
	Stored      bool                `json:"weights_stored"`
	Mix         []runtime.TypeShare `json:"weight_types,omitempty"`
	As          []runtime.WeightsAs `json:"weights_as"`
	Cache       []CacheAt           `json:"kv_cache"`
	// curve is the cache at contexts as close as a line needs them, where it was asked for.
	curve []CacheAt
	// Memory is all that is needed at MemoryContext tokens, where it is predicted.
	Memory        *results.Memory `json:"memory,omitempty"`
	MemoryContext int             `json:"memory_n_ctx,omitempty"`
	// CacheClasses counts the layers by how they keep what they have seen.
	CacheClasses map[string]int `json:"kv_classes"`
	TokenBytes   int64          `json:"kv_bytes_per_token"`
	Sharing      string         `json:"attention"`
	// IfMHA is how many times larger the cache would be if every query head had
	// keys and values of its own.
	IfMHA   float64   `json:"saving_over_mha"`
	Work    []WorkAt  `json:"work"`
	Ceiling []Ceiling `json:"ceilings,omitempty"`
	// TrainingFLOPsPerToken is the usual estimate: a backward pass costs twice a
	// forward one, and a forward one two operations a parameter met.
	TrainingFLOPsPerToken int64 `json:"training_flops_per_token"`

	rt runtime.Runtime
}

// ParamsPart is one part of the model.
type ParamsPart struct {
	Part   string `json:"part"`
	Params int64  `json:"params"`
	Active int64  `json:"active"`
	Bytes  *int64 `json:"bytes,omitempty"`
}

// CacheAt is the KV cache at one context length.
type CacheAt struct {
	Context int   `json:"n_ctx"`
	Bytes   int64 `json:"bytes"`
	// Full and Windowed are the parts that grow with the context and that stop.
	Full     int64 `json:"full_bytes"`
	Windowed int64 `json:"windowed_bytes"`
	// Peak is the most that it took on the way, and Next what one token more
	// adds, where the runtime lets it grow with the tokens.
	Peak *int64 `json:"peak_bytes,omitempty"`
	Next *int64 `json:"next_token_bytes,omitempty"`
	// Kinds sum up layers that keep the same number of cells.
	Kinds []CacheKind `json:"kinds"`
}

// CacheKind is what layers of one kind keep.
type CacheKind struct {
	Class  string `json:"class"`
	Layers int    `json:"layers"`
	Cells  int64  `json:"cells"`
	// LayerBytes are one layer's, CellBytes one cell's in it.
	LayerBytes int64 `json:"layer_bytes"`
	CellBytes  int64 `json:"cell_bytes"`
}

// WorkAt is the arithmetic of a prompt of so many tokens, and of one token
// generated after them.
type WorkAt struct {
	Tokens  int   `json:"tokens"`
	Prefill int64 `json:"prefill_flops"`
	Decode  int64 `json:"decode_flops"`
	// DecodeBytes are what that token moves.
	DecodeBytes int64 `json:"decode_bytes"`
}

// Ceiling is the most tokens per second that a chip's memory lets through.
type Ceiling struct {
	Tokens          int     `json:"tokens"`
	TokensPerSecond float64 `json:"tokens_per_second"`
}

// Options say what to inspect for.
type Options struct {
	Runtime  string // whose cache and work is tabulated; empty is llama.cpp
	Contexts []int  // nil: powers of two up to the model's own
	// Case has the settings of the cache.
	Case       results.Case
	WeightType string
	// Chip, if named, adds the ceiling of tokens per second.
	Chip *machines.Chip
	// Curve adds contexts between those, for a picture of the cache.
	Curve bool
}
