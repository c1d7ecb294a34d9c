package kv

// Run is consecutive tokens of one sequence: positions Pos to Pos+Len-1.
type Run struct {
	Seq, Pos, Len int
}

// Ubatch is the tokens that one evaluated graph takes. A sequence has at most
// one run in it.
type Ubatch []Run

// Tokens is the number of tokens.
func (u Ubatch) Tokens() int64 {
	var n int64
	for _, r := range u {
		n += int64(r.Len)
	}
	return n
}

// Split cuts the tokens of one call of llama_decode into micro-batches.
func (p Plan) Split(call Ubatch) []Ubatch {
	left := append(Ubatch(nil), call...)
	var out []Ubatch
	for len(left) > 0 {
		var u Ubatch
		if p.splitsEqually() {
			u, left = splitEqual(left, int(p.Ubatch), p.splitsInOrder())
		} else {
			u, left = splitSimple(left, int(p.Ubatch))
		}
		out = append(out, u)
	}
	return out
}

// splitsEqually says that all sequences of a micro-batch give the same number
// of tokens: with separate streams and with recurrent states (init_batch of
// llama_kv_cache, llama_kv_cache_iswa, llama_memory_hybrid and
// llama_memory_recurrent, v0.5.0).
func (p Plan) splitsEqually() bool {
	return p.cache(Recurrent) != nil || p.splitsInOrder()
}

// splitsInOrder says that a micro-batch takes only neighbouring sequences.
func (p Plan) splitsInOrder() bool {
	full := p.cache(Full)
	return full == nil || full.Streams > 1
}

// splitSimple takes the first n tokens (llama_batch_allocr::split_simple,
// src/llama-batch.cpp, v0.5.0).
func splitSimple(left Ubatch, n int) (u, rest Ubatch) {
	for len(left) > 0 && n > 0 {
		r := left[0]
		take := min(r.Len, n)
		n -= take
		u = append(u, Run{r.Seq, r.Pos, take})
		left = left[1:]
		if take < r.Len {
			left = append(Ubatch{{r.Seq, r.Pos + take, r.Len - take}}, left...)
		}
	}
	return u, left
}

// splitEqual takes the same number of tokens of each sequence, at most n in
// all, until one sequence has no more (llama_batch_allocr::split_equal).
func splitEqual(left Ubatch, n int, inOrder bool) (u, rest Ubatch) {
	seqs := 0
	for _, r := range left {
		if seqs > 0 && inOrder && r.Seq != left[seqs-1].Seq+1 {
			break
		}
		if seqs > n {
			break
		}
		seqs++
	}
	each := max(n/seqs, 1)
	for _, r := range left[:seqs] {
		each = min(each, r.Len)
	}
	for i, r := range left {
		if i < seqs {
			u = append(u, Run{r.Seq, r.Pos, each})
			r.Pos, r.Len = r.Pos+each, r.Len-each
		}
		if r.Len > 0 {
			rest = append(rest, r)
		}
	}
	return u, rest
}
