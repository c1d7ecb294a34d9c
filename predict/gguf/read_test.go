package gguf_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/gguf"
)

// raw builds files by hand, so that the reader is not tested with the writer alone.
type raw []byte

func (r raw) u32(v ...uint32) raw {
	for _, x := range v {
		r = binary.LittleEndian.AppendUint32(r, x)
	}
	return r
}

func (r raw) u64(v ...uint64) raw {
	for _, x := range v {
		r = binary.LittleEndian.AppendUint64(r, x)
	}
	return r
}

func (r raw) str(s string) raw { return append(r.u64(uint64(len(s))), s...) }

// head begins a file of version 3.
func head(tensors, keys uint64) raw { return raw("GGUF").u32(3).u64(tensors, keys) }

// tensor appends an entry of the tensor table.
func (r raw) tensor(name string, typ gguf.Type, offset uint64, shape ...uint64) raw {
	return r.str(name).u32(uint32(len(shape))).u64(shape...).u32(uint32(typ)).u64(offset)
}

// data pads to the alignment and appends n bytes.
func (r raw) data(n int) raw {
	r = append(r, make([]byte, -len(r)&31)...)
	return append(r, make([]byte, n)...)
}

// clean is a good file with a value of every shape: what the defects are
// planted in.
func clean() raw {
	r := head(2, 4)
	r = r.str("general.architecture").u32(8).str("llama")
	r = r.str("llama.block_count").u32(4).u32(32)
	r = r.str("general.alignment").u32(4).u32(32)
	r = r.str("tokenizer.ggml.tokens").u32(9, 8).u64(2).str("a").str("bc")
	return r.tensor("a.weight", gguf.Q8_0, 0, 64, 2).tensor("b.weight", gguf.F32, 160, 3).data(160 + 12)
}

func read(b []byte) (*gguf.File, error) {
	return gguf.Read(bytes.NewReader(b), int64(len(b)), "m.gguf")
}

func TestReadClean(t *testing.T) {
	f, err := read(clean())
	require.NoError(t, err)
	assert.EqualValues(t, 3, f.Version)
	assert.Equal(t, []string{"general.architecture", "llama.block_count", "general.alignment", "tokenizer.ggml.tokens"}, f.Keys())
	assert.Equal(t, []gguf.Tensor{
		{Name: "a.weight", Type: gguf.Q8_0, Shape: []int64{64, 2}},
		{Name: "b.weight", Type: gguf.F32, Shape: []int64{3}, Offset: 160},
	}, f.Tensors)
	assert.EqualValues(t, 4*34, f.Tensors[0].Bytes())
	tokens, err := gguf.Array[string](f, "tokenizer.ggml.tokens")
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "bc"}, tokens)
	data, err := io.ReadAll(f.Data(f.Tensors[1]))
	require.NoError(t, err)
	assert.Len(t, data, 12)
}

func TestVersion2ReadsAsVersion3(t *testing.T) {
	b := clean()
	b[4] = 2
	f, err := read(b)
	require.NoError(t, err)
	assert.EqualValues(t, 2, f.Version)
	assert.Len(t, f.Tensors, 2)
}

// Each file differs from a good one in one thing, and the error must name it.
func TestReadDefects(t *testing.T) {
	key := slices.Clip(head(0, 1).str("k"))
	edit := func(at int, b ...byte) raw {
		c := clean()
		copy(c[at:], b)
		return c
	}
	tests := []struct {
		name   string
		file   raw
		offset int64
		field  string
		says   string
	}{
		{"empty", nil, 0, "magic", "ends after 0"},
		{"another format", raw("PK\x03\x04 and so on"), 0, "magic", "not a GGUF file"},
		{"cut in the version", raw("GGUF\x03"), 4, "version", "ends after 1"},
		{"version 0", edit(4, 0), 4, "version", "reads 2 and 3"},
		{"version 1", edit(4, 1), 4, "version", "convert the model again"},
		{"version 4", edit(4, 4), 4, "version", "version 4"},
		{"big-endian", edit(4, 0, 0, 0, 3), 4, "version", "big-endian file of version 3"},
		{"2^63 tensors", head(1<<63, 0), 8, "tensor count", "do not fit the 8 bytes"},
		{"2^63 keys", head(0, 1<<63), 16, "metadata count", "do not fit the 0 bytes"},
		{"more keys than bytes", head(0, 2).str("k").u32(0), 16, "metadata count", "do not fit"},
		{"key past the end", head(0, 1).u64(1 << 40).data(20), 24, "metadata key 0", "do not fit"},
		{"key too long", append(head(0, 1).u64(1<<16), make([]byte, 1<<17)...), 24, "metadata key 0", "at most 65535"},
		{"empty key", head(0, 1).str("").u32(0).data(9), 24, `metadata key ""`, "is empty"},
		{"duplicate key", head(0, 2).str("k").u32(4, 1).str("k").u32(4, 1), 24 + 17, `metadata key "k"`, "occurs twice"},
		{"unknown kind", key.u32(13, 0), 33, `metadata key "k" kind`, "kind 13"},
		{"bool of 2", append(key.u32(7), 2), 37, `metadata key "k"`, "not 2"},
		{"string past the end", key.u32(8).u64(1 << 62), 37, `metadata key "k"`, "do not fit"},
		{"array of arrays", key.u32(9, 9).u64(1).data(64), 37, `metadata key "k"`, "array of arrays"},
		{"array of 2^63", key.u32(9, 10).u64(1 << 63), 41, `metadata key "k" count`, "do not fit"},
		{"array whose bytes wrap around", key.u32(9, 10).u64(1<<61 + 1).data(8), 41, `metadata key "k" count`, "do not fit"},
		{"strings past the end", key.u32(9, 8).u64(2).str("a").u64(9), 49 + 9, `metadata key "k"`, "do not fit"},
		{"alignment of another kind", head(0, 1).str("general.alignment").u32(8).str("32"), 24, `metadata key "general.alignment"`,
			`want a u32, have str "32"`},
		{"alignment 0", head(0, 1).str("general.alignment").u32(4, 0), 24, `metadata key "general.alignment"`, "no power of 2"},
		{"alignment 48", head(0, 1).str("general.alignment").u32(4, 48), 24, `metadata key "general.alignment"`, "48 is no power of 2"},
		{"tensor without a name", head(1, 0).tensor("", gguf.F32, 0, 1).data(4), 24, `tensor ""`, "name is empty"},
		{"tensor name too long", head(1, 0).tensor(strings.Repeat("n", 64), gguf.F32, 0, 1).data(4), 24, `tensor "nnn`, "at most 63"},
		{"tensor name with NUL", head(1, 0).tensor("a\x00b", gguf.F32, 0, 1).data(4), 24, `tensor "a\x00b"`, "NUL"},
		{"duplicate tensor", head(2, 0).tensor("t", gguf.F32, 0, 8).tensor("t", gguf.F32, 32, 8).data(64), 24 + 33, `tensor "t"`, "occurs twice"},
		{"five dimensions", head(1, 0).tensor("t", gguf.F32, 0, 1, 1, 1, 1, 1).data(4), 33, `tensor "t"`, "5 dimensions"},
		{"2^63 in one dimension", head(1, 0).tensor("t", gguf.F32, 0, 1<<63).data(4), 24, `tensor "t"`, "9223372036854775808 elements"},
		{"2^64 elements", head(1, 0).tensor("t", gguf.F32, 0, 1<<32, 1<<32).data(4), 24, `tensor "t"`, "2^63 elements or more"},
		{"2^63 bytes", head(1, 0).tensor("t", gguf.F32, 0, 1<<31, 1<<30).data(4), 24, `tensor "t"`, "2^63 bytes or more"},
		{"half a block", head(1, 0).tensor("t", gguf.Q4_K, 0, 128).data(72), 24, `tensor "t"`, "q4_K's block of 256"},
		{"unknown type", head(1, 0).tensor("t", 99, 0, 32).data(32), 24, `tensor "t"`, "type 99 is unknown"},
		{"removed type", head(1, 0).tensor("t", 31, 0, 32).data(32), 24, `tensor "t"`, "q4_0_4_4, which ggml no longer reads"},
		{"offset of 2^63", head(1, 0).tensor("t", gguf.F32, 1<<63, 8).data(32), 24 + 9 + 4 + 8 + 4, `tensor "t" offset`, "2^63 or more"},
		{"offset misaligned", head(1, 0).tensor("t", gguf.F32, 8, 8).data(64), 24, `tensor "t"`, "8 is no multiple of the alignment 32"},
		{"data overlap", head(2, 0).tensor("t", gguf.F32, 0, 16).tensor("u", gguf.F32, 32, 8).data(64), 24 + 33, `tensor "u"`,
			`overlap those of "t", which end at 64`},
		{"data past the end", head(1, 0).tensor("t", gguf.F32, 1<<62, 8).data(32), 24, `tensor "t"`, "truncated"},
		{"cut in the data", clean()[:len(clean())-1], 247, `tensor "b.weight"`, "truncated, get it again"},
		{"cut in the table", clean()[:283], 279, `tensor "b.weight" offset`, "needs 8 bytes and the file ends after 4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := read(tt.file)
			require.Error(t, err)
			assert.Nil(t, f)
			var e *gguf.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "m.gguf", e.File)
			assert.Contains(t, e.Field, tt.field)
			assert.ErrorContains(t, err, tt.says)
			assert.Equal(t, tt.offset, e.Offset, err)
		})
	}
}

// Every prefix of a good file is refused, and by name.
func TestReadTruncated(t *testing.T) {
	whole := clean()
	for n := range whole {
		_, err := read(whole[:n])
		var e *gguf.Error
		require.ErrorAs(t, err, &e, "%d bytes", n)
		assert.LessOrEqual(t, e.Offset, int64(n))
	}
}

// A header of a few bytes that claims the world costs no memory.
func TestReadAllocatesNothingForClaims(t *testing.T) {
	key := slices.Clip(head(0, 1).str("k"))
	tests := []struct {
		name string
		file raw
		says string
	}{
		{"tensors", head(math.MaxUint64/2, 0), "do not fit"},
		{"keys", head(0, math.MaxUint64/2), "do not fit"},
		{"string", key.u32(8).u64(4 << 20), "unexpected EOF"},
		{"longer string", key.u32(8).u64(4<<20 + 1), "at most 4194304"},
		{"string array", key.u32(9, 8).u64(1 << 24), "unexpected EOF"},
		{"longer string array", key.u32(9, 8).u64(1<<24 + 1), "at most 16777216"},
		{"array and tensors", head(1<<35, 1).str("k").u32(9, 0).u64(1 << 39), "unexpected EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// The file says that it has 2^40 bytes, and then its connection breaks.
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := gguf.Read(broken{bytes.NewReader(tt.file)}, 1<<40, tt.name)
			runtime.ReadMemStats(&after)
			assert.ErrorContains(t, err, tt.says)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
		})
	}
}

// broken reads as its content followed by an error.
type broken struct{ *bytes.Reader }

func (h broken) ReadAt(p []byte, off int64) (int, error) {
	n, err := h.Reader.ReadAt(p, off)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Strings of four million zeros, one after another, are refused before they fill the memory.
func TestReadBoundsText(t *testing.T) {
	file := zeros{at: map[int64]raw{0: head(0, 1000)}}
	at := int64(24)
	for i := range 1000 {
		key := raw{}.str(fmt.Sprint("k", i)).u32(8).u64(4 << 20)
		file.at[at] = key
		at += int64(len(key)) + 4<<20
	}
	_, err := gguf.Read(file, at, "sparse")
	require.ErrorContains(t, err, "more than 256 MiB of text")
	require.ErrorContains(t, err, `"k63"`)
}

// zeros is a file of zeros but for some places.
type zeros struct{ at map[int64]raw }

func (z zeros) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	for at, part := range z.at {
		if at < off+int64(len(p)) && off < at+int64(len(part)) {
			copy(p[max(0, at-off):], part[max(0, off-at):])
		}
	}
	return len(p), nil
}

func TestReadPassesOnReadErrors(t *testing.T) {
	_, err := gguf.Read(failing{}, 1000, "remote")
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	assert.ErrorContains(t, err, "remote: at byte 0: magic: ")
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, os.ErrDeadlineExceeded }

func TestGet(t *testing.T) {
	var w gguf.Writer
	w.Set("u8", uint8(7))
	w.Set("i32", int32(-1))
	w.Set("u64", uint64(math.MaxUint64))
	w.Set("f32", float32(0.5))
	w.Set("f64", 1e-5)
	w.Set("bool", true)
	w.Set("str", "text")
	w.Set("list", []int32{1, -2})
	b, err := w.Header()
	require.NoError(t, err)
	f, err := read(b)
	require.NoError(t, err)

	checkGet(t, f, "u8", uint32(7), "")
	checkGet(t, f, "u8", int64(7), "")
	checkGet(t, f, "i32", int64(-1), "")
	checkGet(t, f, "i32", uint32(0), `m.gguf: metadata key "i32": want a value of uint32, have i32 "-1"`)
	checkGet(t, f, "u64", int64(0), `want a value of int64, have u64 "18446744073709551615"`)
	checkGet(t, f, "u64", uint64(math.MaxUint64), "")
	checkGet(t, f, "f32", 0.5, "")
	checkGet(t, f, "f64", float32(0), "want a value of float32, have f64")
	checkGet(t, f, "f32", uint32(0), "want a value of uint32, have f32")
	checkGet(t, f, "bool", true, "")
	checkGet(t, f, "bool", uint8(0), "want a value of uint8, have bool")
	checkGet(t, f, "str", "text", "")
	checkGet(t, f, "str", false, `have str "text"`)
	checkGet(t, f, "list", int32(0), "have the array i32[2]")

	_, err = gguf.Get[string](f, "none")
	require.ErrorIs(t, err, gguf.ErrNoKey)
	assert.EqualError(t, err, `m.gguf: no such metadata key: "none"`)

	list, err := gguf.Array[int64](f, "list")
	require.NoError(t, err)
	assert.Equal(t, []int64{1, -2}, list)
	one, err := gguf.Array[uint64](f, "u8")
	require.NoError(t, err)
	assert.Equal(t, []uint64{7}, one)
	_, err = gguf.Array[uint32](f, "list")
	assert.ErrorContains(t, err, `metadata key "list": element 1: want a value of uint32, have i32 -2`)
	_, err = gguf.Array[uint32](f, "none")
	assert.ErrorIs(t, err, gguf.ErrNoKey)
}

func checkGet[T gguf.Scalar](t *testing.T, f *gguf.File, key string, want T, fails string) {
	t.Helper()
	got, err := gguf.Get[T](f, key)
	if fails != "" {
		assert.ErrorContains(t, err, fails)
		return
	}
	assert.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	_, err := gguf.Open(t.TempDir())
	assert.ErrorContains(t, err, "is no regular file")
	_, err = gguf.Open(filepath.Join(t.TempDir(), "none.gguf"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}
