package gguf

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"assay/predict/tensorfile"
)

// Type is the type of a tensor's elements, with ggml's own numbers.
type Type uint32

// The tensor types that ggml can hold, from enum ggml_type (ggml/include/ggml.h, llama.cpp v0.5.0).
const (
	F32     Type = 0
	F16     Type = 1
	Q4_0    Type = 2
	Q4_1    Type = 3
	Q5_0    Type = 6
	Q5_1    Type = 7
	Q8_0    Type = 8
	Q8_1    Type = 9
	Q2_K    Type = 10
	Q3_K    Type = 11
	Q4_K    Type = 12
	Q5_K    Type = 13
	Q6_K    Type = 14
	Q8_K    Type = 15
	IQ2_XXS Type = 16
	IQ2_XS  Type = 17
	IQ3_XXS Type = 18
	IQ1_S   Type = 19
	IQ4_NL  Type = 20
	IQ3_S   Type = 21
	IQ2_S   Type = 22
	IQ4_XS  Type = 23
	I8      Type = 24
	I16     Type = 25
	I32     Type = 26
	I64     Type = 27
	F64     Type = 28
	IQ1_M   Type = 29
	BF16    Type = 30
	TQ1_0   Type = 34
	TQ2_0   Type = 35
	MXFP4   Type = 39
	NVFP4   Type = 40
	Q1_0    Type = 41
	Q2_0    Type = 42
)

type traits struct {
	name  string
	block int64 // elements a block
	bytes int64 // bytes a block
}

// types holds ggml's type_traits (ggml/src/ggml.c, llama.cpp v0.5.0): the
// answers of ggml_type_name, ggml_blck_size and ggml_type_size of that build.
var types = map[Type]traits{
	F32:     {"f32", 1, 4},
	F16:     {"f16", 1, 2},
	Q4_0:    {"q4_0", 32, 18},
	Q4_1:    {"q4_1", 32, 20},
	Q5_0:    {"q5_0", 32, 22},
	Q5_1:    {"q5_1", 32, 24},
	Q8_0:    {"q8_0", 32, 34},
	Q8_1:    {"q8_1", 32, 36},
	Q2_K:    {"q2_K", 256, 84},
	Q3_K:    {"q3_K", 256, 110},
	Q4_K:    {"q4_K", 256, 144},
	Q5_K:    {"q5_K", 256, 176},
	Q6_K:    {"q6_K", 256, 210},
	Q8_K:    {"q8_K", 256, 292},
	IQ2_XXS: {"iq2_xxs", 256, 66},
	IQ2_XS:  {"iq2_xs", 256, 74},
	IQ3_XXS: {"iq3_xxs", 256, 98},
	IQ1_S:   {"iq1_s", 256, 50},
	IQ4_NL:  {"iq4_nl", 32, 18},
	IQ3_S:   {"iq3_s", 256, 110},
	IQ2_S:   {"iq2_s", 256, 82},
	IQ4_XS:  {"iq4_xs", 256, 136},
	I8:      {"i8", 1, 1},
	I16:     {"i16", 1, 2},
	I32:     {"i32", 1, 4},
	I64:     {"i64", 1, 8},
	F64:     {"f64", 1, 8},
	IQ1_M:   {"iq1_m", 256, 56},
	BF16:    {"bf16", 1, 2},
	TQ1_0:   {"tq1_0", 256, 54},
	TQ2_0:   {"tq2_0", 256, 66},
	MXFP4:   {"mxfp4", 32, 17},
	NVFP4:   {"nvfp4", 64, 36},
	Q1_0:    {"q1_0", 128, 18},
	Q2_0:    {"q2_0", 64, 18},
}

// removed holds the numbers that ggml once gave away and took back, with what
// ggml says to use instead (ggml/src/ggml.c, llama.cpp v0.5.0).
var removed = map[Type]string{
	4:  "q4_2, which ggml no longer reads; convert the model again",
	5:  "q4_3, which ggml no longer reads; convert the model again",
	31: "q4_0_4_4, which ggml no longer reads; use q4_0, repacked at load",
	32: "q4_0_4_8, which ggml no longer reads; use q4_0, repacked at load",
	33: "q4_0_8_8, which ggml no longer reads; use q4_0, repacked at load",
	36: "iq4_nl_4_4, which ggml no longer reads; use iq4_nl, repacked at load",
	37: "iq4_nl_4_8, which ggml no longer reads; use iq4_nl, repacked at load",
	38: "iq4_nl_8_8, which ggml no longer reads; use iq4_nl, repacked at load",
}

// check returns an error that says why the type cannot be read.
func (t Type) check() error {
	if _, ok := types[t]; ok {
		return nil
	}
	if why, ok := removed[t]; ok {
		return fmt.Errorf("type %d is %s", uint32(t), why)
	}
	return fmt.Errorf("type %d is unknown to ggml as of llama.cpp v0.5.0", uint32(t))
}

// String returns ggml's name of the type, such as "q4_K".
func (t Type) String() string {
	if tr, ok := types[t]; ok {
		return tr.name
	}
	return fmt.Sprintf("type %d", uint32(t))
}

// MarshalText writes ggml's name.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), t.check() }

// UnmarshalText reads ggml's name.
func (t *Type) UnmarshalText(text []byte) (err error) {
	*t, err = ParseType(string(text))
	return err
}

// BlockElements is how many elements share one block; 1 unless quantised, 0
// for a type that ggml does not have.
func (t Type) BlockElements() int64 { return types[t].block }

// BlockBytes is the size of one block in bytes.
func (t Type) BlockBytes() int64 { return types[t].bytes }

// Quantized says whether several elements share a block.
func (t Type) Quantized() bool { return types[t].block > 1 }

// RowBytes is the size in bytes of a row of n elements (ggml_row_size). A row
// holds whole blocks.
func (t Type) RowBytes(n int64) (int64, error) {
	if err := t.check(); err != nil {
		return 0, err
	}
	tr := types[t]
	if n < 0 || n%tr.block != 0 {
		return 0, fmt.Errorf("%d elements are no multiple of %s's block of %d", n, tr.name, tr.block)
	}
	size, ok := tensorfile.Product(n/tr.block, tr.bytes)
	if !ok {
		return 0, fmt.Errorf("%d elements of %s overflow 63 bits of bytes", n, tr.name)
	}
	return size, nil
}

// ParseType is the inverse of String; upper and lower case are the same.
func ParseType(name string) (Type, error) {
	for t, tr := range types {
		if strings.EqualFold(tr.name, name) {
			return t, nil
		}
	}
	return 0, fmt.Errorf("no tensor type %q; there are %s", name, strings.Join(TypeNames(), ", "))
}

// TypeNames are the names of all types, in the order of ggml's numbers.
func TypeNames() []string {
	var names []string
	for _, t := range slices.Sorted(maps.Keys(types)) {
		names = append(names, types[t].name)
	}
	return names
}
