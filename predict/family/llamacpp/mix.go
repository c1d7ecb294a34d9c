package llamacpp

import (
	"maps"
	"slices"
	"strings"

	"assay/predict/arch"
	"assay/predict/gguf"
)

// mix is what llama-quantize makes of a model when it is asked for a file type
// such as Q4_K_M: most matrices in one type and some in larger ones
// (llama_tensor_get_type, src/llama-quant.cpp of v0.5.0, without an importance
// matrix; TestMixesAreTheLibrarys in harness).
type mix struct {
	base gguf.Type
	// head is the type of the output head; more those of other kinds of tensors.
	head gguf.Type
	more []bump
}

// bump stores the tensors of a kind in another type, in the layers for which
// when holds (nil: all) of n layers.
type bump struct {
	kind string
	typ  gguf.Type
	when func(i, n int) bool
}

// useMoreBits is the function of that name: the first and last eighth, and every
// third layer between.
func useMoreBits(i, n int) bool { return i < n/8 || i >= 7*n/8 || (i-n/8)%3 == 2 }

func firstEighth(i, n int) bool    { return i < n/8 }
func firstFour(i, _ int) bool      { return i < 4 }
func firstTwo(i, _ int) bool       { return i < 2 }
func firstSixteenth(i, n int) bool { return i < n/16 }

// mixes by the names of the file types, which are in capitals where the types
// of tensors are not: Q4_0 has a head of q6_K, q4_0 has not. The first bump that
// fits is taken.
var mixes = map[string]mix{
	"Q2_K":   {gguf.Q2_K, gguf.Q6_K, []bump{{"attn_v", gguf.Q4_K, nil}, {"ffn_down", gguf.Q3_K, nil}, {"attn_output", gguf.Q3_K, nil}}},
	"Q3_K_S": {gguf.Q3_K, gguf.Q6_K, nil},
	"Q3_K_M": {gguf.Q3_K, gguf.Q6_K, []bump{
		{"attn_v", gguf.Q5_K, firstTwo}, {"attn_v", gguf.Q4_K, nil},
		{"ffn_down", gguf.Q5_K, firstSixteenth}, {"ffn_down", gguf.Q4_K, nil}, {"attn_output", gguf.Q4_K, nil},
	}},
	"Q3_K_L": {gguf.Q3_K, gguf.Q6_K, []bump{
		{"attn_v", gguf.Q5_K, nil}, {"ffn_down", gguf.Q5_K, nil}, {"attn_output", gguf.Q5_K, nil},
	}},
	"Q4_K_S": {gguf.Q4_K, gguf.Q6_K, []bump{{"attn_v", gguf.Q5_K, firstFour}, {"ffn_down", gguf.Q5_K, firstEighth}}},
	"Q4_K_M": {gguf.Q4_K, gguf.Q6_K, []bump{
		{"attn_v", gguf.Q6_K, useMoreBits}, {"ffn_down", gguf.Q6_K, useMoreBits},
	}},
	"Q5_K_S": {gguf.Q5_K, gguf.Q6_K, nil},
	"Q5_K_M": {gguf.Q5_K, gguf.Q6_K, []bump{
		{"attn_v", gguf.Q6_K, useMoreBits}, {"ffn_down", gguf.Q6_K, useMoreBits},
	}},
	"Q6_K":   {gguf.Q6_K, gguf.Q6_K, nil},
	"Q4_0":   {gguf.Q4_0, gguf.Q6_K, nil},
	"Q4_1":   {gguf.Q4_1, gguf.Q6_K, nil},
	"Q5_0":   {gguf.Q5_0, gguf.Q6_K, nil},
	"Q5_1":   {gguf.Q5_1, gguf.Q6_K, nil},
	"Q8_0":   {gguf.Q8_0, gguf.Q8_0, nil},
	"IQ4_NL": {gguf.IQ4_NL, gguf.Q6_K, nil},
	"IQ4_XS": {gguf.IQ4_XS, gguf.Q6_K, []bump{{"ffn_down", gguf.Q5_K, firstEighth}}},
	"F16":    {gguf.F16, gguf.F16, nil},
	"BF16":   {gguf.BF16, gguf.BF16, nil},
	// MXFP4_MOE: tensors of three dimensions alone are in four bits.
	"MXFP4_MOE": {gguf.Q8_0, gguf.Q8_0, []bump{
		{"ffn_gate_exps", gguf.MXFP4, nil}, {"ffn_up_exps", gguf.MXFP4, nil}, {"ffn_down_exps", gguf.MXFP4, nil},
		{"ffn_gate_up_exps", gguf.MXFP4, nil}, {"attn_k_b", gguf.MXFP4, nil}, {"attn_v_b", gguf.MXFP4, nil},
	}},
}

// named are files of other makers, whose mix differs from model to model: without
// the file they are taken as the mix that they are named after.
var named = map[string]string{
	"UD-Q2_K_XL": "Q2_K", "UD-Q3_K_XL": "Q3_K_L", "UD-IQ4_XS": "IQ4_XS", "UD-IQ4_NL": "IQ4_NL", "UD-Q4_K_S": "Q4_K_S",
	"UD-Q4_K_M": "Q4_K_M", "UD-Q4_K_XL": "Q4_K_M", "Q4_K_L": "Q4_K_M", "UD-Q5_K_S": "Q5_K_S", "UD-Q5_K_M": "Q5_K_M", "UD-Q5_K_XL": "Q5_K_M",
	"Q5_K_L": "Q5_K_M", "UD-Q6_K": "Q6_K", "UD-Q6_K_XL": "Q6_K", "Q6_K_L": "Q6_K", "UD-Q8_K_XL": "Q8_0", "MXFP4": "MXFP4_MOE",
}

// Mixes names the file types whose tensors' types are known.
func Mixes() []string {
	return slices.Sorted(maps.Keys(mixes))
}

// NamedMixes are further names by which files go, each taken as one of Mixes.
func NamedMixes() []string { return slices.Sorted(maps.Keys(named)) }

// mixOf is the mix of either list, in either case where no type of tensors has the
// name in the case given.
func mixOf(name string) (mix, bool) {
	if _, err := gguf.ParseType(name); err != nil {
		name = spelled(name)
	}
	if as, ok := named[name]; ok {
		name = as
	}
	m, ok := mixes[name]
	return m, ok
}

func spelled(name string) string {
	for _, known := range slices.Concat(Mixes(), NamedMixes()) {
		if strings.EqualFold(known, name) {
			return known
		}
	}
	return name
}

// BaseOfMix is the type of most tensors; false for a name that is no mix's.
func BaseOfMix(name string) (gguf.Type, bool) {
	m, ok := mixOf(name)
	return m.base, ok
}

// TypesOfMix are the types that a file of the mix may hold.
func TypesOfMix(name string) []gguf.Type {
	m, ok := mixOf(name)
	if !ok {
		return nil
	}
	types := []gguf.Type{m.base, m.head}
	for _, b := range m.more {
		types = append(types, b.typ)
	}
	for _, t := range slices.Clone(types) {
		if smaller, ok := smallerBlocks[t]; ok {
			types = append(types, smaller)
		}
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// values are the kinds of tensors that a mix takes for values: the counter that its
// layers are counted by (category_is_attn_v, src/llama-quant.cpp of b11063).
var values = map[string]bool{"attn_v": true, "attn_qkv": true, "attn_kv_b": true}

// keepsType are matrices that llama-quantize leaves as the converter wrote them,
// beside those that alwaysF32 names (tensor_allows_quantization, src/llama-quant.cpp
// of b11063).
var keepsType = []string{"altup", "laurel", "per_layer_model_proj"}

// of is the type of the matrix of a kind, whose rows have n elements. Where the
// embedding is the head, too, the layers' own embeddings are taken for one.
func (m mix) of(name string, row int64, f *arch.Facts) gguf.Type {
	layer, kind := 0, strings.TrimSuffix(name, ".weight")
	if rest, ok := strings.CutPrefix(kind, "blk."); ok {
		var number string
		number, kind, _ = strings.Cut(rest, ".")
		for _, c := range number {
			layer = 10*layer + int(c-'0')
		}
	}
	if slices.ContainsFunc(keepsType, func(part string) bool { return strings.Contains(kind, part) }) {
		return gguf.F16
	}
	if kind == "output" || !of(f).ownHead(f) && (kind == "token_embd" || kind == "per_layer_token_embd") {
		return Fallback(m.head, row)
	}
	at, layers := layer, len(f.Layers)
	switch {
	case values[kind]:
		kind = "attn_v"
		at, layers = count(f, layer, makesValues)
	case f.FirstExperts() == nil:
		at, _ = count(f, layer, func(l *arch.Layer) bool { return l.FeedForward != nil })
	}
	if t, ok := m.exception(kind, at, layers, f); ok {
		return Fallback(t, row)
	}
	for _, b := range m.more {
		if (kind == b.kind || kind == b.kind+"_exps" || kind == b.kind+"_shexp") && (b.when == nil || b.when(at, layers)) {
			return Fallback(b.typ, row)
		}
	}
	return Fallback(m.base, row)
}

// makesValues: the layer has a tensor that is taken for values.
func makesValues(l *arch.Layer) bool {
	a, r := l.Attention, l.Recurrent
	return a != nil && a.MLA == nil && !a.ValuesAreKeys || r != nil && r.Kind == "gated-delta"
}

// count counts the layers that have something, those before one and all.
func count(f *arch.Facts, layer int, has func(*arch.Layer) bool) (before, all int) {
	for i := range f.Layers {
		if !has(&f.Layers[i]) {
			continue
		}
		if all++; i < layer {
			before++
		}
	}
	return before, all
}

// exception is the type of a kind of tensor in models of certain shapes: eight
// experts afford more bits for keys and values, models of 80 layers for values that
// eight heads share, and values that four query heads or more share in the mixes
// below four bits (llama_tensor_get_type, src/llama-quant.cpp of v0.5.0).
func (m mix) exception(kind string, at, layers int, f *arch.Facts) (gguf.Type, bool) {
	a, e := f.FirstAttention(), f.FirstExperts()
	if a == nil || m.base.BlockElements() == 1 {
		return 0, false
	}
	// How many heads share values is read of the first layer, which may have none.
	first := f.Layers[0].Attention != nil || !of(f).zeroKVHeads
	eight, shared := e != nil && e.Count == 8, first && a.KVHeads > 0 && a.Heads/a.KVHeads >= 4
	switch {
	case eight && (kind == "attn_v" || kind == "attn_k"):
		return gguf.Q8_0, true
	case eight && kind == "attn_output" && (m.base == gguf.Q2_K || m.base == gguf.Q3_K || m.base == gguf.Q4_K ||
		m.base == gguf.IQ4_NL || m.base == gguf.IQ4_XS):
		return gguf.Q5_K, true
	case kind == "attn_v" && m.base == gguf.Q2_K && !shared:
		return gguf.Q3_K, true
	case kind == "attn_v" && shared && (m.base == gguf.IQ4_NL || m.base == gguf.IQ4_XS):
		return gguf.Q5_K, true
	case kind == "attn_v" && len(f.Layers) == layersOf70B && shared && (m.base == gguf.Q3_K || m.base == gguf.Q4_K):
		if t := m.bumped(kind, at, layers); t == gguf.Q3_K || t == gguf.Q4_K {
			return gguf.Q5_K, true
		}
	}
	return 0, false
}

// layersOf70B is the depth that makes a model "70B" to llama.cpp (LLM_TYPE_70B).
const layersOf70B = 80

// bumped is the type of a kind before any exception.
func (m mix) bumped(kind string, layer, layers int) gguf.Type {
	for _, b := range m.more {
		if kind == b.kind && (b.when == nil || b.when(layer, layers)) {
			return b.typ
		}
	}
	return m.base
}

// smallerBlocks are the types that stand in for those with blocks of 256
// (tensor_type_fallback, src/llama-quant.cpp of llama.cpp v0.5.0).
var smallerBlocks = map[gguf.Type]gguf.Type{
	gguf.IQ1_S: gguf.IQ4_NL, gguf.IQ1_M: gguf.IQ4_NL, gguf.IQ2_XXS: gguf.IQ4_NL, gguf.IQ2_XS: gguf.IQ4_NL,
	gguf.IQ2_S: gguf.IQ4_NL, gguf.IQ3_XXS: gguf.IQ4_NL, gguf.IQ3_S: gguf.IQ4_NL, gguf.IQ4_XS: gguf.IQ4_NL,
	gguf.Q2_0: gguf.Q4_0, gguf.Q2_K: gguf.Q4_0, gguf.Q3_K: gguf.Q4_0, gguf.TQ1_0: gguf.Q4_0, gguf.TQ2_0: gguf.Q4_0,
	gguf.Q4_K: gguf.Q5_0, gguf.Q5_K: gguf.Q5_1, gguf.Q6_K: gguf.Q8_0,
}

// Fallback is the type that rows of n elements are stored in when the target is
// asked for.
func Fallback(target gguf.Type, n int64) gguf.Type {
	if n%target.BlockElements() == 0 {
		return target
	}
	if t, ok := smallerBlocks[target]; ok && n%t.BlockElements() == 0 {
		return t
	}
	return gguf.F16
}
