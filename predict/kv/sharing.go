package kv

import "assay/predict/arch"

// Sharing is how query heads share keys and values.
type Sharing string

// The kinds of sharing. A model whose layers differ is Mixed.
const (
	MHA         Sharing = "MHA" // every query head has its own keys and values
	GQA         Sharing = "GQA" // groups of query heads share them
	MQA         Sharing = "MQA" // all query heads share one
	Latent      Sharing = "MLA" // all heads expand one compressed row
	Mixed       Sharing = "mixed"
	NoAttention Sharing = "none"
)

// Saving sets what a model keeps per token beside what it would keep if every
// query head had keys and values of its own.
type Saving struct {
	Sharing Sharing
	// Elements are kept per token over all layers; IfMHA would be.
	Elements, IfMHA int64
}

// Ratio is how many times smaller the cache is; 1 where there is none.
func (s Saving) Ratio() float64 {
	if s.Elements == 0 {
		return 1
	}
	return float64(s.IfMHA) / float64(s.Elements)
}

// SavingOf counts elements, not bytes: it holds for every cache type and
// runtime.
func SavingOf(f arch.Facts) Saving {
	out := Saving{Sharing: NoAttention}
	for _, layer := range f.Layers {
		a := layer.Attention
		if a == nil {
			continue
		}
		switch s := sharingOf(a); {
		case out.Sharing == NoAttention:
			out.Sharing = s
		case out.Sharing != s:
			out.Sharing = Mixed
		}
		out.IfMHA += a.Heads * (a.KeyDim + a.ValueDim)
		if a.SharedFrom == nil {
			out.Elements += keptElements(a)
		}
	}
	return out
}

func sharingOf(a *arch.Attention) Sharing {
	switch {
	case a.MLA != nil:
		return Latent
	case a.KVHeads == a.Heads:
		return MHA
	case a.KVHeads == 1:
		return MQA
	}
	return GQA
}

func keptElements(a *arch.Attention) int64 {
	if a.MLA != nil {
		return a.MLA.KVLoraRank + a.MLA.RopeDim
	}
	return a.KVHeads * (a.KeyDim + a.ValueDim)
}
