package gguf_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/gguf"
)

// FuzzRead: whatever the bytes, the reader either says what is wrong and where
// in the file, or returns a table whose data can all be read.
func FuzzRead(f *testing.F) {
	f.Add([]byte(clean()))
	f.Add([]byte(head(1, 0).tensor("t", gguf.Q4_K, 0, 256).data(144)))
	f.Add([]byte(head(0, 1).str("k").u32(9, 8).u64(2).str("a").str("")))
	f.Add([]byte(head(1<<63, 1<<63)))
	f.Add([]byte("GGUF\x00\x00\x00\x03"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := gguf.Read(bytes.NewReader(b), int64(len(b)), "fuzz")
		if err != nil {
			var e *gguf.Error
			require.ErrorAs(t, err, &e)
			assert.NotEmpty(t, e.Field)
			assert.GreaterOrEqual(t, e.Offset, int64(0))
			assert.LessOrEqual(t, e.Offset, int64(len(b)))
			return
		}
		for _, tensor := range file.Tensors {
			n, err := io.Copy(io.Discard, file.Data(tensor))
			require.NoError(t, err)
			require.Equal(t, tensor.Bytes(), n)
		}
		for _, key := range file.Keys() {
			v, _ := file.Lookup(key)
			if v.Elem() == gguf.KindString {
				s, err := gguf.Array[string](file, key)
				require.NoError(t, err)
				require.Contains(t, []string{fmt.Sprintf("str[%d]", len(s)), strings.Join(s, "")}, v.String(), "an array, or a string alone")
			}
		}
	})
}

// large is a header as of a model with a large vocabulary: 1000 tensors and
// 256k tokens.
func large(b *testing.B) []byte {
	var w gguf.Writer
	tokens := make([]string, 256<<10)
	for i := range tokens {
		tokens[i] = fmt.Sprintf("token%06d", i)
	}
	w.Set("general.architecture", "llama")
	w.Set("tokenizer.ggml.tokens", tokens)
	for i := range 1000 {
		w.AddTensor(fmt.Sprintf("blk.%d.weight", i), gguf.F32, 1)
	}
	h, err := w.Header()
	require.NoError(b, err)
	return append(h, make([]byte, w.DataBytes())...)
}

func BenchmarkRead(b *testing.B) {
	file := large(b)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := gguf.Read(bytes.NewReader(file), int64(len(file)), "large")
		require.NoError(b, err)
		require.Len(b, f.Tensors, 1000)
	}
}

func BenchmarkReadTokens(b *testing.B) {
	file := large(b)
	f, err := gguf.Read(bytes.NewReader(file), int64(len(file)), "large")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		tokens, err := gguf.Array[string](f, "tokenizer.ggml.tokens")
		require.NoError(b, err)
		require.Len(b, tokens, 256<<10)
	}
}
