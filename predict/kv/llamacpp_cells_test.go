package kv_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/arch"
	"assay/predict/kv"
)

func TestSplit(t *testing.T) {
	three := kv.Ubatch{{Seq: 0, Pos: 0, Len: 300}, {Seq: 1, Pos: 0, Len: 300}, {Seq: 2, Pos: 0, Len: 100}}
	tests := []struct {
		name  string
		facts arch.Facts
		p     kv.Params
		want  []kv.Ubatch
	}{
		{"one stream takes tokens as they come", llama8B(), kv.Params{NSeq: 3, KVUnified: true}, []kv.Ubatch{
			{{0, 0, 256}}, {{0, 256, 44}, {1, 0, 212}}, {{1, 212, 88}, {2, 0, 100}}}},
		{"separate streams give as many each", llama8B(), kv.Params{NSeq: 3}, []kv.Ubatch{
			{{0, 0, 85}, {1, 0, 85}, {2, 0, 85}}, {{0, 85, 15}, {1, 85, 15}, {2, 85, 15}},
			{{0, 100, 128}, {1, 100, 128}}, {{0, 228, 72}, {1, 228, 72}}}},
		{"so do recurrent states", recurrent(model("mamba2", 1, 1, 1), arch.Recurrent{Kind: "mamba2"}),
			kv.Params{NSeq: 3, KVUnified: true}, []kv.Ubatch{
				{{0, 0, 85}, {1, 0, 85}, {2, 0, 85}}, {{0, 85, 15}, {1, 85, 15}, {2, 85, 15}},
				{{0, 100, 128}, {1, 100, 128}}, {{0, 228, 72}, {1, 228, 72}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.p.NCtx, tt.p.NUbatch, tt.p.FlashAttn = 4096, 256, true
			assert.Equal(t, tt.want, plan(t, tt.facts, tt.p).Split(three))
		})
	}
}

// What attention runs over: padded, and never more than the cache has.
func TestPlace(t *testing.T) {
	p := plan(t, gemma12B(), kv.Params{NCtx: 4096, NUbatch: 512, FlashAttn: true})
	require.Equal(t, []kv.Class{kv.Full, kv.Sliding}, []kv.Class{p.Caches[0].Class, p.Caches[1].Class})
	cells, placed := kv.NewOccupancy(p), int64(0)
	for _, step := range []struct {
		n            int
		full, window int64
	}{
		{1, 256, 256}, {255, 256, 256}, {1, 512, 512}, {511, 768, 768}, {512, 1280, 1280},
		{256, 1536, 1536}, {512, 2048, 1536}, {512, 2560, 1536}, {1, 2816, 1536}, {511, 3072, 1536}, {512, 3584, 1536}, {512, 4096, 1536},
	} {
		got, err := cells.Place(kv.Ubatch{{Seq: 0, Pos: int(placed), Len: step.n}})
		require.NoError(t, err)
		placed += int64(step.n)
		assert.Equal(t, []int64{step.full, step.window}, got, "after %d tokens", placed)
	}
	_, err := cells.Place(kv.Ubatch{{Seq: 0, Pos: int(placed), Len: 1}})
	assert.ErrorContains(t, err, "the full cache's 4096 cells: 4096 are taken, no room for 1 tokens")
}

// A window's cells are taken again for ever, whatever the micro-batches.
func TestWindowNeverFills(t *testing.T) {
	for _, unified := range []bool{true, false} {
		p := plan(t, windowed(model("gemma3", 2, 8, 64), 100, 99), kv.Params{NCtx: 65536, NSeq: 2, NUbatch: 64,
			KVUnified: unified, FlashAttn: true})
		cells := kv.NewOccupancy(p)
		for pos, n := 0, 1; pos < 20000; pos, n = pos+n, (n*7)%63+1 {
			for seq := range 2 {
				got, err := cells.Place(kv.Ubatch{{Seq: seq, Pos: pos, Len: n}})
				require.NoError(t, err)
				assert.LessOrEqual(t, got[1], p.Caches[1].Cells)
			}
		}
	}
}

// A chunk, of the loader's size whatever the facts say, is dropped as a whole when
// the next one starts.
func TestChunks(t *testing.T) {
	f := windowed(model("llama4", 2, 8, 64), 512, 2)
	f.Layers[0].Attention.Chunked = true
	p := plan(t, f, kv.Params{NCtx: 32768, NUbatch: 128, FlashAttn: true})
	assert.Equal(t, kv.Chunked, p.Layers[0].Class)
	assert.Equal(t, int64(8448), p.Layers[0].Cells)
	cells := kv.NewOccupancy(p)
	for pos := 0; pos < 32768; pos += 128 {
		_, err := cells.Place(kv.Ubatch{{Seq: 0, Pos: pos, Len: 128}})
		require.NoError(t, err)
	}
}

// A wrong figure would show: one cell less and the last token has no room.
func TestPlantedSmallCache(t *testing.T) {
	p := plan(t, llama8B(), kv.Params{NCtx: 512, FlashAttn: true})
	all := kv.Ubatch{{Seq: 0, Pos: 0, Len: 512}}
	_, err := kv.NewOccupancy(p).Place(all)
	require.NoError(t, err)
	p.Caches[0].Cells--
	_, err = kv.NewOccupancy(p).Place(all)
	assert.ErrorContains(t, err, "no room")
}
