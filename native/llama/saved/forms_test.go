package saved_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/llama/printed"
	"assay/native/llama/saved"
)

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

// TestForms: the words of M-RoPE are found out, whatever the release.
func TestForms(t *testing.T) {
	caches := []printed.CacheReport{{Layers: 1}}
	for _, magic := range []bool{true, false} {
		for _, words := range []int{0, 8, 12} {
			for _, cells := range []int{1, 2, 7, 64} {
				got, err := saved.Read(savedForm(magic, words, cells), caches)
				require.NoError(t, err)
				assert.Equal(t, []saved.Cache{{Cells: cells, KRows: []int64{128}, VRows: []int64{128}}}, got)
			}
		}
	}
	_, err := saved.Read(savedForm(true, 4, 7), caches)
	require.ErrorContains(t, err, "another form")
}

func FuzzRead(f *testing.F) {
	f.Add(savedForm(true, 12, 3), 1, false)
	f.Add(savedForm(false, 0, 1), 1, true)
	f.Fuzz(func(t *testing.T, state []byte, layers int, recurrent bool) {
		caches := []printed.CacheReport{{Layers: layers}, {Recurrent: recurrent, Layers: layers}}
		got, err := saved.Read(state, caches)
		if err != nil {
			return
		}
		var bytes int64
		for _, c := range got {
			for i := range c.KRows {
				bytes += int64(c.Cells) * (c.KRows[i] + c.VRows[i])
			}
		}
		require.LessOrEqual(t, bytes, int64(len(state)))
	})
}
