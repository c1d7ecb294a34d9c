package llamacpp

import (
	"slices"

	"assay/predict/arch"
)

func hasIndexer(s scope) bool { return hasMLA(s) && s.layer.Attention.Indexer != nil }

var (
	indexHeads = func(s scope) int64 { return s.layer.Attention.Indexer.Heads }
	indexDim   = func(s scope) int64 { return s.layer.Attention.Indexer.KeyDim }
)

// indexerRows score the keys that a query may look at.
var indexerRows = part{hasIndexer, []row{
	tensor("indexer.k_norm.weight", indexDim),
	tensor("indexer.k_norm.bias", indexDim),
	tensor("indexer.proj.weight", hidden, indexHeads),
	tensor("indexer.attn_k.weight", hidden, indexDim),
	tensor("indexer.attn_q_b.weight", qRank, times(indexHeads, indexDim)),
}}

// src/models/deepseek32.cpp: deepseek2 with an indexer.
var _ = register(&Family{
	Name:    "deepseek32",
	Weighed: true,
	Cache:   Cache{Indexed: true},
	block:   slices.Concat([]part{attnNorm}, mlaRows, []part{indexerRows, feedNorm}, feedForward, []part{routerBiasRow}),
	keys: slices.Concat(latentKeys, []key{
		sigmoidGating,
		{"attention.indexer.head_count", indexerKey(func(x *arch.Indexer) int64 { return x.Heads })},
		{"attention.indexer.key_length", indexerKey(func(x *arch.Indexer) int64 { return x.KeyDim })},
		{"attention.indexer.top_k", indexerKey(func(x *arch.Indexer) int64 { return x.TopK })},
	}),
	Gaps: map[string]string{"graph": "what its indexer evaluates was not read"},
})

func indexerKey(of func(*arch.Indexer) int64) func(*arch.Facts) any {
	return func(f *arch.Facts) any {
		if a := f.FirstAttention(); a != nil && a.Indexer != nil {
			return uint32(of(a.Indexer))
		}
		return nil
	}
}
