package llama_test

import (
	"testing"

	"assay/native/llama"

	"github.com/stretchr/testify/require"
)

func TestTimedCallsAllocateNothing(t *testing.T) {
	c := newContext(t, load(t, tiny, llama.ModelParams{}), llama.ContextParams{NCtx: 512, NBatch: 64, NThreads: 1})
	tokens := make([]int32, 100)
	batch := llama.Batch{Tokens: tokens[:2], Pos: []int32{0, 1}, Seq: []int32{0, 0}, Logits: []bool{false, true}}
	var err error
	allocations := testing.AllocsPerRun(20, func() {
		c.ClearMemory()
		err = c.DecodeBatch(batch)
		if err == nil {
			err = c.Decode(tokens)
		}
		if err == nil {
			err = c.DecodeOne(1)
		}
		c.Synchronize()
	})
	require.NoError(t, err)
	require.Zero(t, allocations)
}

// BenchmarkCall is the price of one call into the library and back.
func BenchmarkCall(b *testing.B) {
	c := newContext(b, load(b, tiny, llama.ModelParams{}), llama.ContextParams{NCtx: 512, NThreads: 1})
	b.ReportAllocs()
	for b.Loop() {
		c.Synchronize()
	}
}

// BenchmarkDecodeOne is a decode step of a model that computes next to nothing.
func BenchmarkDecodeOne(b *testing.B) {
	c := newContext(b, load(b, tiny, llama.ModelParams{}), llama.ContextParams{NCtx: 256, NThreads: 1})
	b.ReportAllocs()
	used, room := 0, c.NCtx()
	for b.Loop() {
		if used == room {
			c.ClearMemory()
			used = 0
		}
		if err := c.DecodeOne(1); err != nil {
			b.Fatal(err)
		}
		c.Synchronize()
		used++
	}
}

// BenchmarkDecodeOneObserved is the same with every node counted.
func BenchmarkDecodeOneObserved(b *testing.B) {
	counter, cache := llama.NewCounter(), llama.NewCacheTensors()
	c := newContext(b, load(b, tiny, llama.ModelParams{}), llama.ContextParams{NCtx: 256, NThreads: 1,
		Eval: func(n llama.Node) { counter.Observe(n); cache.Observe(n) }})
	b.ReportAllocs()
	used, room := 0, c.NCtx()
	for b.Loop() {
		if used == room {
			c.ClearMemory()
			used = 0
		}
		if err := c.DecodeOne(1); err != nil {
			b.Fatal(err)
		}
		used++
	}
}
