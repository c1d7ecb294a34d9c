package llama

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

var errNoAlloc = errors.New("decoding: the model was loaded without allocating anything")

// Decode continues sequence 0 with the tokens, in pieces of at most NBatch,
// asking for the logits of each piece's last token, as llama_batch_get_one
// does. It does not wait (see Synchronize) and allocates nothing.
func (c *Context) Decode(tokens []int32) error {
	for len(tokens) > 0 {
		n := min(len(tokens), c.nBatch)
		copy(c.batch.tokens, tokens[:n])
		c.batch.words = [7]uint64{uint64(n), address(c.batch.tokens)}
		if err := c.submit(n); err != nil {
			return err
		}
		tokens = tokens[n:]
	}
	return nil
}

// DecodeOne continues sequence 0 with one token. It does not wait and
// allocates nothing.
func (c *Context) DecodeOne(token int32) error {
	c.batch.tokens[0] = token
	c.batch.words = [7]uint64{1, address(c.batch.tokens)}
	return c.submit(1)
}

// DecodeBatch runs an explicit batch. It does not wait and allocates nothing.
func (c *Context) DecodeBatch(b Batch) error {
	n := len(b.Tokens)
	if n == 0 || n > c.nBatch || len(b.Pos) != n || len(b.Seq) != n || len(b.Logits) != n {
		return fmt.Errorf("decoding a batch of %d tokens, %d positions, %d sequences and %d logits flags: not 1 to %d of each",
			n, len(b.Pos), len(b.Seq), len(b.Logits), c.nBatch)
	}
	own := c.batch
	copy(own.tokens, b.Tokens)
	copy(own.pos, b.Pos)
	copy(own.seqs, b.Seq)
	copy(own.logits, b.Logits)
	own.words = [7]uint64{
		uint64(n), address(own.tokens), 0, address(own.pos),
		address(own.counts), address(own.seqAt), address(own.logits),
	}
	return c.submit(n)
}

func address[T any](s []T) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(s)))) }

// submit hands the batch in c.batch.words to llama_decode.
func (c *Context) submit(n int) error {
	if c.model.noAlloc {
		return errNoAlloc
	}
	status := int32(c.args.callWithStruct(c.lib.fn.decode, c.handle, c.batch.words[:]))
	runtime.KeepAlive(c.batch)
	if status != 0 {
		return &DecodeError{Status: status, Tokens: n, Lines: c.lib.log.Tail(5)}
	}
	if c.observer != 0 && !c.observed {
		return &CallError{Call: fmt.Sprintf("passing cb_eval to llama.cpp %s, which called it for no node,", c.lib.version)}
	}
	return nil
}

// Logits answers a copy of the logits of the i-th token of the last batch, -1
// for the last that asked for them; NVocab numbers. It waits for the result.
func (c *Context) Logits(i int) ([]float32, error) {
	addr := call(c.lib.fn.logits, c.handle, uintptr(i))
	if addr == 0 {
		return nil, &CallError{Call: fmt.Sprintf("reading logits %d", i), Lines: c.lib.log.Tail(2)}
	}
	logits := make([]float32, c.model.NVocab())
	copy(logits, unsafe.Slice((*float32)(at(addr)), len(logits)))
	return logits, nil
}
