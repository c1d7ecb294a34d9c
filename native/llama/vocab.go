package llama

import (
	"fmt"
	"runtime"
	"unsafe"
)

// NVocab is the number of tokens in the vocabulary.
func (m *Model) NVocab() int {
	return int(int32(call(m.lib.fn.vocabTokens, m.vocab())))
}

// HasVocab reports whether the file says what its tokens are (a type other than
// LLAMA_VOCAB_TYPE_NONE of llama.h).
func (m *Model) HasVocab() bool { return int32(call(m.lib.fn.vocabType, m.vocab())) != 0 }

// Tokenize answers the text's tokens, with those that the model begins and ends a
// text with; what looks like a control token in it is text.
func (m *Model) Tokenize(text string) ([]int32, error) {
	// Each byte is a token at most, beside the special ones.
	tokens := make([]int32, len(text)+16)
	bytes := cString(text)
	n := int32(call(m.lib.fn.tokenize, m.vocab(), uintptr(unsafe.Pointer(bytes)), uintptr(len(text)),
		uintptr(unsafe.Pointer(&tokens[0])), uintptr(len(tokens)), 1, 0))
	runtime.KeepAlive(bytes)
	if n <= 0 || int(n) > len(tokens) {
		return nil, &CallError{Call: fmt.Sprintf("making tokens of %d bytes of text", len(text)), Lines: m.lib.log.Tail(3)}
	}
	return tokens[:n], nil
}

func (m *Model) vocab() uintptr { return call(m.lib.fn.modelVocab, m.handle) }
