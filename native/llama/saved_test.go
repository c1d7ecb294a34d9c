package llama_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/llama"
)

// TestReadSaved: what the library saved is read back, to the last byte, for each
// kind of cache and with several sequences.
func TestReadSaved(t *testing.T) {
	for name, tt := range map[string]struct {
		skeleton skeleton
		params   llama.ContextParams
		k, v     []int64
	}{
		"plain":                  {tiny, llama.ContextParams{NCtx: 512}, []int64{128, 128}, []int64{128, 128}},
		"several sequences":      {tiny, llama.ContextParams{NCtx: 512, NSeqMax: 3}, []int64{128, 128}, []int64{128, 128}},
		"unified":                {tiny, llama.ContextParams{NCtx: 512, NSeqMax: 3, KVUnified: true}, []int64{128, 128}, []int64{128, 128}},
		"transposed values":      {tiny, llama.ContextParams{NCtx: 512, FlashAttn: "off"}, []int64{128, 128}, []int64{128, 128}},
		"latent, without values": {mla, llama.ContextParams{NCtx: 512}, []int64{160, 160}, []int64{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newContext(t, load(t, tt.skeleton, llama.ModelParams{}), tt.params)
			require.NoError(t, c.Decode([]int32{1, 2, 3, 4, 5}))
			state, err := c.StateGet(0)
			require.NoError(t, err)
			saved, err := llama.ReadSaved(state, c.Report().Caches)
			require.NoError(t, err)
			require.Len(t, saved, 1)
			assert.Equal(t, 5, saved[0].Cells)
			assert.Equal(t, tt.k, saved[0].KRows)
			want := tt.v
			if name == "latent, without values" && slices.Contains(keepLatentValues, library(t).Version()) {
				want = []int64{128, 128}
			}
			assert.Equal(t, want, saved[0].VRows)
			_, err = llama.ReadSaved(append(state, 0), c.Report().Caches)
			require.Error(t, err, "a byte too many")
		})
	}
}

// keepLatentValues are the releases that store values of latent attention beside the
// keys that they are a part of, as these tests see them.
var keepLatentValues = []string{"b6673", "b6845", "b7347", "b7698"}

// savedForm writes a state of one layer: with or without magic, with the words of
// M-RoPE that the release writes.
func savedForm(magic bool, ropeWords, cells int) []byte {
	var b []byte
	word := func(n ...uint32) {
		for _, w := range n {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
	}
	if magic {
		word(0xaf143cd8, 0)
	}
	word(1, uint32(cells))
	for i := range cells {
		word(uint32(i), 1)
		b = append(b, make([]byte, ropeWords)...)
		word(0)
	}
	word(0, 1)
	for range 2 {
		word(1)
		b = binary.LittleEndian.AppendUint64(b, 128)
		b = append(b, make([]byte, 128*cells)...)
	}
	return b
}

// TestReadSavedForms: the words of M-RoPE are found out, whatever the release.
func TestReadSavedForms(t *testing.T) {
	caches := []llama.CacheReport{{Layers: 1}}
	for _, magic := range []bool{true, false} {
		for _, words := range []int{0, 8, 12} {
			for _, cells := range []int{1, 2, 7, 64} {
				saved, err := llama.ReadSaved(savedForm(magic, words, cells), caches)
				require.NoError(t, err)
				assert.Equal(t, []llama.SavedCache{{Cells: cells, KRows: []int64{128}, VRows: []int64{128}}}, saved)
			}
		}
	}
	_, err := llama.ReadSaved(savedForm(true, 4, 7), caches)
	require.ErrorContains(t, err, "another form")
}

func FuzzReadSaved(f *testing.F) {
	f.Add(savedForm(true, 12, 3), 1, false)
	f.Add(savedForm(false, 0, 1), 1, true)
	f.Fuzz(func(t *testing.T, state []byte, layers int, recurrent bool) {
		caches := []llama.CacheReport{{Layers: layers}, {Recurrent: recurrent, Layers: layers}}
		saved, err := llama.ReadSaved(state, caches)
		if err != nil {
			return
		}
		var bytes int64
		for _, c := range saved {
			for i := range c.KRows {
				bytes += int64(c.Cells) * (c.KRows[i] + c.VRows[i])
			}
		}
		require.LessOrEqual(t, bytes, int64(len(state)))
	})
}
