package gguf_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/gguf"
)

// Bytes of a row of 256, worked out from the block layouts in ggml-common.h
// (llama.cpp v0.5.0), scale and minimum fields included.
func TestRowBytes(t *testing.T) {
	tests := map[string]int64{
		"f32": 1024, "f16": 512, "bf16": 512, "f64": 2048, "i8": 256, "i16": 512, "i32": 1024, "i64": 2048,
		"q4_0": 8 * (2 + 16), "q4_1": 8 * (2*2 + 16), "q5_0": 8 * (2 + 4 + 16), "q5_1": 8 * (2*2 + 4 + 16),
		"q8_0": 8 * (2 + 32), "q8_1": 8 * (2*2 + 32), "iq4_nl": 8 * (2 + 16), "mxfp4": 8 * (1 + 16),
		"nvfp4": 4 * (4 + 32), "q1_0": 2 * (2 + 16), "q2_0": 4 * (2 + 16),
		"q2_K": 2*2 + 16 + 64, "q3_K": 2 + 64 + 32 + 12, "q4_K": 2*2 + 12 + 128, "q5_K": 2*2 + 12 + 128 + 32,
		"q6_K": 2 + 16 + 3*64, "q8_K": 4 + 256 + 16*2,
		"iq2_xxs": 2 + 32*2, "iq2_xs": 2 + 32*2 + 8, "iq2_s": 2 + 64 + 16, "iq3_xxs": 2 + 3*32,
		"iq3_s": 2 + 13*8 + 4, "iq1_s": 2 + 32 + 16, "iq1_m": 32 + 16 + 8, "iq4_xs": 2 + 2 + 4 + 128,
		"tq1_0": 2 + 4 + 48, "tq2_0": 2 + 64,
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			typ, err := gguf.ParseType(name)
			require.NoError(t, err)
			assert.Equal(t, name, typ.String())
			got, err := typ.RowBytes(256)
			require.NoError(t, err)
			assert.Equal(t, want, got)
			assert.Equal(t, typ.BlockElements() > 1, typ.Quantized())
		})
	}
	assert.Len(t, tests, 35, "every type that ggml has")
}

func TestRowBytesRefuses(t *testing.T) {
	tests := []struct {
		typ  gguf.Type
		n    int64
		says string
	}{
		{gguf.Q8_0, 33, "33 elements are no multiple of q8_0's block of 32"},
		{gguf.F32, -1, "no multiple"},
		{gguf.F64, 1 << 60, "overflow"},
		{gguf.Type(4), 32, "q4_2"},
		{gguf.Type(77), 32, "type 77 is unknown"},
	}
	for _, tt := range tests {
		_, err := tt.typ.RowBytes(tt.n)
		assert.ErrorContains(t, err, tt.says)
	}
}

func TestParseType(t *testing.T) {
	typ, err := gguf.ParseType("Q4_k")
	require.NoError(t, err)
	assert.Equal(t, gguf.Q4_K, typ)
	_, err = gguf.ParseType("q4_k_m")
	assert.ErrorContains(t, err, `no tensor type "q4_k_m"; there are f32, f16, q4_0,`)

	b, err := json.Marshal(map[string]gguf.Type{"type_k": gguf.Q8_0})
	require.NoError(t, err)
	assert.JSONEq(t, `{"type_k":"q8_0"}`, string(b))
	var back map[string]gguf.Type
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, gguf.Q8_0, back["type_k"])
	_, err = json.Marshal(gguf.Type(77))
	assert.Error(t, err)
}
