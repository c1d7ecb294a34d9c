// Package saved reads what llama_state_seq_get_data returned: how many cells a sequence
// has, and how wide they are. It calls no library.
package saved

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"assay/native/llama/printed"
)

// Cache is what a saved sequence holds of one attention cache: how many of
// its cells, and the bytes that one cell has of each layer's keys and values.
type Cache struct {
	Cells        int
	KRows, VRows []int64
	// Transposed: values lie as they do without flash attention, one element of all
	// cells behind the other.
	Transposed bool
}

// errUnread says that a state has another form than the releases known here write.
var errUnread = errors.New("a saved sequence has another form than llama.cpp's releases up to v0.5.0 write")

// The parts of a saved sequence, little-endian (state_write, state_write_meta and
// state_write_data of src/llama-kv-cache.cpp, b6673 to v0.5.0): from b10361 on a
// word of magic; then for each cache the number of streams, for each stream its
// cells, each with position, sequences and the words of M-RoPE, and where there
// are cells the rows of each layer's keys and values. A recurrent cache stands behind
// them: its cells, each with position and sequences, two words, and the rows of the
// convolution's windows and of the states, of the layers that have some (state_write of
// src/llama-memory-recurrent.cpp, b6673 to v0.5.0).
const (
	stateMagic = 0xaf143cd8
	// mostStreams bounds what a damaged state can make a reader do.
	mostStreams = 256
)

// ropeWords are the bytes that a cell of a model with M-RoPE has more, by release:
// none up to b8121, 8 in b8390 and b10361, 12 from v0.4.0 on.
var ropeWords = []int{0, 8, 12}

// Read reads what llama.Context.StateGet returned, of a context with those caches in the
// library's order. A state does not say how wide its cells are nor whether values
// are kept: of the forms that releases write, the one is taken that fits to the
// last byte. What a recurrent cache saved is passed over, in the form above or, where it
// has another one, whole.
func Read(state []byte, caches []printed.CacheReport) ([]Cache, error) {
	attention := slices.DeleteFunc(slices.Clone(caches), func(c printed.CacheReport) bool { return c.Recurrent })
	r := stateReader{state: state}
	if len(state) >= 8 && binary.LittleEndian.Uint32(state) == stateMagic {
		r.at = 8
	}
	ends := []func(stateReader) bool{stateReader.ended}
	if len(attention) < len(caches) {
		ends = []func(stateReader) bool{stateReader.recurrent, stateReader.whatever}
	}
	for _, r.end = range ends {
		for _, r.ropeWords = range ropeWords {
			if saved, ok := r.caches(attention); ok {
				return saved, nil
			}
		}
	}
	return nil, fmt.Errorf("%w (%d bytes)", errUnread, len(state))
}

// stateReader is a place in a state and what is assumed of the rest.
type stateReader struct {
	state     []byte
	at        int
	ropeWords int
	// end says whether what follows the attention caches is what may follow them.
	end func(stateReader) bool
}

func (r stateReader) ended() bool    { return r.at == len(r.state) }
func (r stateReader) whatever() bool { return true }

// recurrent says that one recurrent cache follows, and nothing behind it.
func (r stateReader) recurrent() bool {
	cells, ok := r.word()
	r.ropeWords = 0
	if !ok || cells == 0 || !r.cells(cells) || !r.skip(8) {
		return false
	}
	for !r.ended() {
		if _, ok := r.keyRow(cells); !ok {
			return false
		}
	}
	return true
}

// caches reads all of them; a copy of the reader tries each form of the next one.
func (r stateReader) caches(expected []printed.CacheReport) ([]Cache, bool) {
	if len(expected) == 0 {
		return nil, r.end(r)
	}
	for _, values := range []bool{true, false} {
		next := r
		saved, ok := next.cache(expected[0].Layers, values)
		if !ok {
			continue
		}
		if rest, ok := next.caches(expected[1:]); ok {
			return append([]Cache{saved}, rest...), true
		}
	}
	return nil, false
}

// cache reads one: all of its streams, of which the sequence lies in one.
func (r *stateReader) cache(layers int, values bool) (Cache, bool) {
	var saved Cache
	streams, ok := r.word()
	if !ok || streams < 1 || streams > mostStreams {
		return saved, false
	}
	for range streams {
		cells, ok := r.word()
		switch {
		case !ok:
			return saved, false
		case cells == 0:
			continue
		case saved.Cells > 0 || !r.cells(cells) || !r.rows(&saved, cells, layers, values):
			return saved, false
		}
		saved.Cells = cells
	}
	return saved, true
}

// cells passes over positions and sequences, of which a saved one has one each.
func (r *stateReader) cells(n int) bool {
	for range n {
		if _, ok := r.word(); !ok { // the position
			return false
		}
		ids, ok := r.word()
		if !ok || ids > mostStreams || !r.skip(r.ropeWords+4*ids) {
			return false
		}
	}
	return true
}

// rows reads each layer's keys, then each layer's values.
func (r *stateReader) rows(saved *Cache, cells, layers int, values bool) bool {
	transposed, ok := r.word()
	n, okN := r.word()
	if !ok || !okN || transposed > 1 || n != layers {
		return false
	}
	saved.Transposed = values && transposed == 1
	for range n {
		row, ok := r.keyRow(cells)
		if !ok {
			return false
		}
		saved.KRows = append(saved.KRows, row)
	}
	for range n {
		if !values {
			saved.VRows = append(saved.VRows, 0)
			continue
		}
		read := r.keyRow
		if transposed == 1 {
			read = r.elements
		}
		row, ok := read(cells)
		if !ok {
			return false
		}
		saved.VRows = append(saved.VRows, row)
	}
	return true
}

// knownTypes is a bound of enum ggml_type.
const knownTypes = 64

// keyRow reads a type, the bytes of a row, and passes over the rows.
func (r *stateReader) keyRow(cells int) (int64, bool) {
	typ, ok := r.word()
	if !ok || typ >= knownTypes || len(r.state)-r.at < 8 {
		return 0, false
	}
	row := binary.LittleEndian.Uint64(r.state[r.at:])
	r.at += 8
	if row > uint64(len(r.state)) {
		return 0, false
	}
	return int64(row), r.skip(cells * int(row))
}

// elements reads a type, the bytes of an element and their number: values that lie
// transposed.
func (r *stateReader) elements(cells int) (int64, bool) {
	typ, okT := r.word()
	size, okS := r.word()
	n, okN := r.word()
	if !okT || !okS || !okN || typ >= knownTypes || size > len(r.state) || n > len(r.state) || size*n > len(r.state) {
		return 0, false
	}
	return int64(size * n), r.skip(cells * size * n)
}

func (r *stateReader) word() (int, bool) {
	if len(r.state)-r.at < 4 {
		return 0, false
	}
	n := binary.LittleEndian.Uint32(r.state[r.at:])
	r.at += 4
	return int(n), true
}

// skip passes over n bytes, if there are so many.
func (r *stateReader) skip(n int) bool {
	if n < 0 || n > len(r.state)-r.at {
		return false
	}
	r.at += n
	return true
}
