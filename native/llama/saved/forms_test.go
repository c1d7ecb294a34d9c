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

// TestRecurrentBehindLatents: latent keys have no values, and what a recurrent cache
// saved behind them is not taken for some, although its first words read like a row.
func TestRecurrentBehindLatents(t *testing.T) {
	var b []byte
	word := func(n ...uint32) {
		for _, w := range n {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
	}
	row := func(bytes uint64) {
		word(0)
		b = binary.LittleEndian.AppendUint64(b, bytes)
		b = append(b, make([]byte, bytes)...)
	}
	word(0xaf143cd8, 0)
	word(1, 1, 15, 1, 0) // one stream, one cell at position 15
	word(0, 1)
	row(96)
	word(1, 15, 0, 0, 4) // one cell at position 15, four layers, of which two have states
	for range 4 {
		row(256)
	}
	got, err := saved.Read(b, []printed.CacheReport{{Layers: 1}, {Layers: 2, Recurrent: true}})
	require.NoError(t, err)
	assert.Equal(t, []saved.Cache{{Cells: 1, KRows: []int64{96}, VRows: []int64{0}}}, got)
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
