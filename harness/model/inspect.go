// Package model says what can be said of a model without measuring it: what its facts
// tell, what a runtime would allocate and compute, how fast it would be; and it
// writes models of the same shape. It does not know suites, runs, what is printed.
package model

import (
	"context"
	"errors"
	"slices"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/subject"
	"assay/predict/arch"
	"assay/predict/kv"
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
	WeightBytes *int64      `json:"weight_bytes,omitempty"`
	Stored      bool        `json:"weights_stored"`
	Mix         []TypeShare `json:"weight_types,omitempty"`
	As          []WeightsAs `json:"weights_as"`
	Cache       []CacheAt   `json:"kv_cache"`
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
}

// inspectedTypes are the types that weights are commonly stored as.
var inspectedTypes = []string{"f32", "f16", "q8_0", "q6_K", "q5_K", "q4_K", "q4_0", "q3_K", "q2_K"}

// Inspect reads the model's facts and computes all that follows from them in a
// runtime. Nothing is run.
func Inspect(ctx context.Context, ref string, opt Options) (Inspection, error) {
	s, err := subject.Of(ctx, subject.Ask{Ref: ref, Runtime: opt.Runtime, WeightType: opt.WeightType})
	if err != nil {
		return Inspection{}, err
	}
	in := Inspection{Runtime: s.Runtime.Name(), Facts: s.Facts, SHA256: s.Facts.SHA256(), CacheClasses: map[string]int{}, rt: s.Runtime}
	for _, n := range append([]int{1}, opt.Contexts...) {
		c := opt.Case
		c.Kind, c.NCtx = results.KindPlan, n
		if _, err := s.Settle(c); err != nil {
			return Inspection{}, err
		}
	}
	for _, part := range []func(*Inspection, Options) error{sizes, sharing, caches, workByLength} {
		if err := part(&in, opt); err != nil {
			return Inspection{}, failure.Input(err)
		}
	}
	in.Facts.Tensors = nil // the table is long; 'build' writes it
	return in, nil
}

func sharing(in *Inspection, _ Options) error {
	s := kv.SavingOf(in.Facts)
	in.Sharing, in.IfMHA = string(s.Sharing), s.Ratio()
	return nil
}

func caches(in *Inspection, opt Options) error {
	for _, n := range in.contexts(opt) {
		at, err := in.cacheAt(n, opt)
		if err != nil {
			return err
		}
		in.Cache = append(in.Cache, at)
		clear(in.CacheClasses)
		in.TokenBytes = 0
		for _, k := range at.Kinds {
			in.CacheClasses[k.Class] += k.Layers
			if k.Class != runtime.ClassRecurrent {
				in.TokenBytes += int64(k.Layers) * k.CellBytes
			}
		}
	}
	return nil
}

// cacheAt is the cache of a context of n tokens.
func (in *Inspection) cacheAt(n int, opt Options) (CacheAt, error) {
	if n == 0 {
		return CacheAt{}, errors.New("a context of 0 tokens keeps nothing: give 1 or more")
	}
	p, err := in.predict(opt, results.Case{Kind: results.KindPlan, NCtx: n})
	if err != nil {
		return CacheAt{}, err
	}
	at := CacheAt{Context: n, Bytes: *p.KVBytes, Peak: p.PeakKVBytes, Kinds: cacheKinds(p.KVLayers)}
	for _, k := range at.Kinds {
		if bytes := int64(k.Layers) * k.LayerBytes; k.Class == string(kv.Sliding) || k.Class == string(kv.Chunked) {
			at.Windowed += bytes
		} else {
			at.Full += bytes
		}
	}
	if p.PeakKVBytes == nil {
		return at, nil
	}
	after, err := in.predict(opt, results.Case{Kind: results.KindDecode, NDepth: n, NGen: 1, NCtx: n + 1})
	if err != nil {
		return CacheAt{}, err
	}
	at.Next = new(*after.KVBytes - *p.KVBytes)
	return at, nil
}

// cacheKinds sums layers up, in the order in which their kinds appear.
func cacheKinds(layers []results.KVLayer) []CacheKind {
	var kinds []CacheKind
	for _, l := range layers {
		one := CacheKind{Class: l.Class, Layers: 1, Cells: l.Cells, LayerBytes: l.KBytes + l.VBytes}
		one.CellBytes = one.LayerBytes / max(1, l.Cells)
		at := slices.IndexFunc(kinds, func(k CacheKind) bool { k.Layers = 1; return k == one })
		if at < 0 {
			kinds = append(kinds, one)
			continue
		}
		kinds[at].Layers++
	}
	return kinds
}

// predict predicts a case with the settings of the cache that were asked for.
func (in *Inspection) predict(opt Options, what results.Case) (*results.Predicted, error) {
	c := opt.Case
	c.Kind, c.NCtx, c.NPrompt, c.NGen, c.NDepth = what.Kind, what.NCtx, what.NPrompt, what.NGen, what.NDepth
	if c.Kind != results.KindPlan { // each sequence has its share of the context
		c.NCtx *= max(c.NSeq, 1)
	}
	s := subject.Subject{Facts: in.Facts, Runtime: in.rt, WeightType: opt.WeightType}
	c, err := s.Settle(c)
	if err != nil {
		return nil, err
	}
	return s.Predict(c)
}

// contexts are the lengths to tabulate.
func (in *Inspection) contexts(opt Options) []int {
	if len(opt.Contexts) > 0 {
		return opt.Contexts
	}
	most := max(512, int(in.Facts.ContextLength))
	var out []int
	for n := 512; n < most; n *= 4 {
		out = append(out, n)
	}
	return append(out, most)
}

// workByLength tabulates the work, where the runtime's is predicted.
func workByLength(in *Inspection, opt Options) error {
	for _, n := range in.contexts(opt) {
		prefill, err := in.predict(opt, results.Case{Kind: results.KindPrefill, NPrompt: n, NCtx: n + 1})
		if err != nil {
			return err
		}
		decode, err := in.predict(opt, results.Case{Kind: results.KindDecode, NGen: 1, NDepth: n, NCtx: n + 1})
		if err != nil {
			return err
		}
		if prefill.FLOPs == nil || decode.FLOPs == nil || decode.BytesMoved == nil {
			in.Facts.Unknown = append(in.Facts.Unknown, unknownWork(in.Runtime, in.Facts))
			return nil
		}
		at := WorkAt{Tokens: n, Prefill: *prefill.FLOPs, Decode: *decode.FLOPs, DecodeBytes: *decode.BytesMoved}
		in.Work = append(in.Work, at)
		if opt.Chip != nil {
			in.Ceiling = append(in.Ceiling, Ceiling{n, opt.Chip.Bandwidth / float64(at.DecodeBytes)})
		}
	}
	return nil
}
