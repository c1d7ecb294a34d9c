package llama

import "unsafe"

// Batch is a llama_batch with everything said: a token, its position and
// sequence, and whether its logits are wanted. The slices have equal lengths,
// at most the context's NBatch.
type Batch struct {
	Tokens, Pos, Seq []int32
	Logits           []bool
}

// batch is the memory that C reads a batch from: allocated once per context, on
// the heap, where Go does not move it.
type batch struct {
	// words is struct llama_batch of llama.h: n_tokens, token, embd, pos,
	// n_seq_id, seq_id, logits.
	words  [7]uint64
	tokens []int32
	pos    []int32
	seqs   []int32
	counts []int32
	// seqAt[i] is the address of seqs[i].
	seqAt  []uintptr
	logits []bool
}

func newBatch(n int) *batch {
	b := &batch{
		tokens: make([]int32, n), pos: make([]int32, n), seqs: make([]int32, n),
		counts: make([]int32, n), seqAt: make([]uintptr, n), logits: make([]bool, n),
	}
	for i := range n {
		b.counts[i] = 1
		b.seqAt[i] = uintptr(unsafe.Pointer(&b.seqs[i]))
	}
	return b
}
