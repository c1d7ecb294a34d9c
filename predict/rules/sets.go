package rules

import (
	"fmt"
	"slices"
	"strings"

	"assay/predict/kv"
)

// exact makes no assumption: predict/kv and predict/cost.
var exact = Set{
	Name:   "exact",
	Source: "the sources of llama.cpp " + kv.Pinned,
	rules: map[Figure][]assumption{
		KVBytes: nil, HeadDim: nil, FullLayers: nil, FLOPs: nil, Params: nil, WeightBytes: nil,
	},
}

// textbook is what is written on napkins: 2 × layers × KV heads × head
// dimension × tokens × bytes for the cache; 2 × parameters × tokens for the
// operations (Kaplan et al. 2020, arXiv 2001.08361, section 2.1, without its
// attention term), and parameters × bytes for the weights.
var textbook = Set{
	Name:   "textbook",
	Source: "2·layers·KV heads·head dimension·tokens·bytes; 2·parameters·tokens (arXiv 2001.08361)",
	rules: map[Figure][]assumption{
		KVBytes:     append(slices.Clone(kvDefaults), noWindows, noLatent),
		FLOPs:       {noAttention, everyOutput, vectorsMultiply},
		WeightBytes: {plainTypes},
	},
}

// exp001 is the cache rule of EXP-001 (Model Args Inspection) with its
// comparison table: head dimensions always hidden ÷ heads, windowed layers capped at their
// window, Gemma 3's first eight layers global.
var exp001 = Set{
	Name:   "exp-001",
	Source: "EXP-001: Model Args Inspection, and its comparison table",
	rules: map[Figure][]assumption{
		KVBytes:    append(slices.Clone(kvDefaults), headsFillHidden, globalFirst, windowOnly),
		HeadDim:    {headsFillHidden},
		FullLayers: {globalFirst},
	},
}

// lab1 is Lab 1: Model Architecture Exploration: parameters
// V·H + L·(4·H² + 3·H·F + 2·H) + V·H, operations per token 2 a parameter of the
// layers' matrices and the head and 2·heads·tokens·head dimension of attention,
// and 4, 2, 1 and 0.5 bytes a parameter of F32, F16, Q8_0 and Q4_0.
var lab1 = Set{
	Name:   "lab-1",
	Source: "Lab 1: Model Architecture Exploration",
	rules: map[Figure][]assumption{
		KVBytes:     append(slices.Clone(kvDefaults), noWindows, noLatent),
		FLOPs:       append(slices.Clone(labShape), oneProduct, tokensNotCells, everyOutput, noRotation),
		Params:      slices.Clone(labParams),
		WeightBytes: append(slices.Clone(labParams), plainTypes),
	},
}

// labShape is what Lab 1 takes a layer to be.
var labShape = []assumption{llamaBlocks, everyHeadOwnKeys, headsFillHidden, denseOnly}

// labParams is what it takes a model to be.
var labParams = append(slices.Clone(labShape), twoNorms, ownHead)

// Sets are the known rule sets, the exact one first.
func Sets() []Set { return []Set{exact, textbook, exp001, lab1} }

// Lookup finds a rule set by its name.
func Lookup(name string) (Set, error) {
	var names []string
	for _, s := range Sets() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Set{}, fmt.Errorf("no rule set %q; there are %s", name, strings.Join(names, ", "))
}
