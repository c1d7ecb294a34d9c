package llama_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/llama"
)

// TestTokenize: a vocabulary of bytes, as SentencePiece falls back to them, has each
// byte of a text behind the token that begins it; a file without one says so.
func TestTokenize(t *testing.T) {
	lib := library(t)
	plain, err := lib.LoadModel(tiny.write(t), llama.ModelParams{})
	require.NoError(t, err)
	defer plain.Close()
	assert.False(t, plain.HasVocab())

	bytes := tiny
	bytes.vocab = 3 + 256
	bytes.vocabulary = []string{"<unk>", "<s>", "</s>"}
	for b := range 256 {
		bytes.vocabulary = append(bytes.vocabulary, fmt.Sprintf("<0x%02X>", b))
	}
	m, err := lib.LoadModel(bytes.write(t), llama.ModelParams{})
	require.NoError(t, err)
	defer m.Close()
	require.True(t, m.HasVocab())
	tokens, err := m.Tokenize("aé<s>")
	require.NoError(t, err)
	assert.EqualValues(t, 1, tokens[0], "what begins a text")
	var want []int32
	for _, b := range []byte("aé<s>") {
		want = append(want, 3+int32(b))
	}
	assert.Equal(t, want, tokens[len(tokens)-len(want):])
}
