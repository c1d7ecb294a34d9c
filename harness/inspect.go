package harness

import (
	"context"
	"fmt"

	"assay/predict/arch"
	"assay/predict/cost"
	"assay/predict/gguf"
	"assay/predict/kv"
	"assay/predict/roofline"
)

// Inspection is what can be said of a model from its facts alone.
type Inspection struct {
	Facts  arch.Facts   `json:"facts"`
	SHA256 string       `json:"facts_sha256"`
	Params []ParamsPart `json:"params"`
	// Total and Active are sums of Params; Active is what one token meets.
	Total  int64 `json:"total_params"`
	Active int64 `json:"active_params"`
	// WeightBytes are the weights as the file has them, or as f16.
	WeightBytes int64       `json:"weight_bytes"`
	Mix         []TypeShare `json:"weight_types"`
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
}

// ParamsPart is one part of the model.
type ParamsPart struct {
	Part   string `json:"part"`
	Params int64  `json:"params"`
	Active int64  `json:"active"`
	Bytes  int64  `json:"bytes"`
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

// InspectOptions say what to inspect for.
type InspectOptions struct {
	Contexts     []int // nil: powers of two up to the model's own
	TypeK, TypeV string
	WeightType   string
	// Chip, if named, adds the ceiling of tokens per second.
	Chip *roofline.Chip
}

// inspectedTypes are the types that weights are commonly stored as.
var inspectedTypes = []string{"f32", "f16", "q8_0", "q6_K", "q5_K", "q4_K", "q4_0", "q3_K", "q2_K"}

// Inspect reads the model's facts and computes all that follows from them in
// llama.cpp. Nothing is run.
func Inspect(ctx context.Context, ref string, opt InspectOptions) (Inspection, error) {
	f, err := arch.Load(ctx, ref, arch.Options{})
	if err != nil {
		return Inspection{}, inputError{err}
	}
	in := Inspection{Facts: f, SHA256: f.SHA256(), CacheClasses: map[string]int{}}
	for _, part := range []func(*Inspection, InspectOptions) error{sizes, sharing, caches, workByLength} {
		if err := part(&in, opt); err != nil {
			return Inspection{}, inputError{fmt.Errorf("inspect %s: %w", ref, err)}
		}
	}
	in.Facts.Tensors = nil // the table is long; 'build' writes it
	return in, nil
}

func sizes(in *Inspection, opt InspectOptions) error {
	size, err := cost.SizeOf(in.Facts, opt.WeightType)
	if err != nil {
		return err
	}
	in.Total, in.Active, in.WeightBytes = size.Params, size.Active, size.Bytes
	in.TrainingFLOPsPerToken = 3 * 2 * size.Active
	for _, p := range size.Parts {
		in.Params = append(in.Params, ParamsPart{string(p.Part), p.Params, p.Active, p.Bytes})
	}
	mix, err := cost.TypesOf(in.Facts, opt.WeightType)
	if err != nil {
		return err
	}
	for _, t := range mix {
		in.Mix = append(in.Mix, TypeShare{t.Type, t.Tensors, t.Params, t.Bytes})
	}
	for _, name := range inspectedTypes {
		n, err := cost.BytesAs(in.Facts, name)
		if err != nil {
			return err
		}
		typ, err := gguf.ParseType(name)
		if err != nil {
			return err
		}
		in.As = append(in.As, WeightsAs{name, n, 8 * float64(typ.BlockBytes()) / float64(typ.BlockElements())})
	}
	return nil
}

func sharing(in *Inspection, _ InspectOptions) error {
	s := kv.SavingOf(in.Facts)
	in.Sharing, in.IfMHA = string(s.Sharing), s.Ratio()
	return nil
}

func caches(in *Inspection, opt InspectOptions) error {
	for _, n := range in.contexts(opt) {
		plan, err := kv.LlamaCpp(in.Facts, opt.params(n))
		if err != nil {
			return err
		}
		at := CacheAt{Context: n, Bytes: plan.Bytes()}
		clear(in.CacheClasses)
		for _, l := range plan.Layers {
			in.CacheClasses[string(l.Class)]++
			if l.Class == kv.Sliding || l.Class == kv.Chunked {
				at.Windowed += l.Bytes()
			} else {
				at.Full += l.Bytes()
			}
		}
		in.TokenBytes = plan.TokenBytes()
		in.Cache = append(in.Cache, at)
	}
	return nil
}

func (o InspectOptions) params(nCtx int) kv.Params {
	return kv.Params{NCtx: nCtx, TypeK: o.TypeK, TypeV: o.TypeV, FlashAttn: true}
}

// contexts are the lengths to tabulate.
func (in *Inspection) contexts(opt InspectOptions) []int {
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

func workByLength(in *Inspection, opt InspectOptions) error {
	for _, n := range in.contexts(opt) {
		at := WorkAt{Tokens: n}
		prefill, err := cost.LlamaCpp(in.Facts, opt.params(n+1), cost.Work{Kind: cost.Prefill, NPrompt: n, Weights: opt.WeightType})
		if err != nil {
			return err
		}
		decode, err := cost.LlamaCpp(in.Facts, opt.params(n+1), cost.Work{Kind: cost.Decode, NGen: 1, NDepth: n, Weights: opt.WeightType})
		if err != nil {
			return err
		}
		at.Prefill, at.Decode, at.DecodeBytes = prefill.FLOPs(), decode.FLOPs(), decode.Bytes()
		in.Work = append(in.Work, at)
		if opt.Chip != nil {
			in.Ceiling = append(in.Ceiling, Ceiling{n, opt.Chip.Bandwidth / float64(at.DecodeBytes)})
		}
	}
	return nil
}
