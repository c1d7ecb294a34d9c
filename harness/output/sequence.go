// Package output is what came out of a model: the fixed sequence of tokens that is
// put in, at which of them logits are read, and what of a row of logits is kept. It
// does not know how a runtime is called.
package output

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

// text is some two thousand words that were written for this: prose, dialogue,
// numbers, a table, code, three languages.
//
//go:embed text.txt
var text string

// Text returns it.
func Text() string { return text }

// The kinds of sequence, in the record's words.
const (
	OfText = "text"
	Random = "random"
)

// randomTokens is the length of a random sequence.
const randomTokens = 4096

// Sequence is a fixed sequence of tokens, begun again where it ends.
type Sequence struct {
	Kind   string
	Vocab  int
	tokens []int32
}

// NewRandom is a sequence for a model without a known vocabulary: the same for
// every model of as many tokens.
func NewRandom(vocab int) Sequence {
	s := Sequence{Kind: Random, Vocab: vocab, tokens: make([]int32, randomTokens)}
	random := rand.New(rand.NewPCG(17, 2026))
	for i := range s.tokens {
		s.tokens[i] = random.Int32N(int32(vocab))
	}
	return s
}

// NewText is [Text] as a model's vocabulary has it.
func NewText(vocab int, tokens []int32) Sequence {
	return Sequence{Kind: OfText, Vocab: vocab, tokens: tokens}
}

// SHA256 is that of all tokens, four bytes each, the lowest first.
func (s Sequence) SHA256() string {
	var bytes []byte
	for _, t := range s.tokens {
		bytes = binary.LittleEndian.AppendUint32(bytes, uint32(t))
	}
	sum := sha256.Sum256(bytes)
	return hex.EncodeToString(sum[:])
}

// apart is how far beside one another parallel sequences read: none of them sees
// what another saw a few tokens ago.
const apart = 257

// At is the i-th token of the so many-th sequence; the 0th is the one whose
// output is kept.
func (s Sequence) At(sequence, i int) int32 {
	return s.tokens[(i+apart*sequence)%len(s.tokens)]
}

// Take are n tokens of the 0th sequence, from the i-th on.
func (s Sequence) Take(i, n int) []int32 {
	out := make([]int32, n)
	for k := range out {
		out[k] = s.At(0, i+k)
	}
	return out
}
