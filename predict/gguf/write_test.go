package gguf_test

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/gguf"
)

// sample sets a value of every kind and tensors of three types.
func sample() *gguf.Writer {
	var w gguf.Writer
	for _, v := range []any{
		uint8(1), int8(-1), uint16(2), int16(-2), uint32(3), int32(-3), uint64(4), int64(-4),
		float32(0.25), 0.125, true, "text", []uint8{1}, []int8{-1}, []uint16{2}, []int16{-2},
		[]uint32{3}, []int32{-3}, []uint64{4}, []int64{-4}, []float32{0.5}, []float64{1},
		[]bool{true, false}, []string{"a", ""}, []string{},
	} {
		w.Set("key."+string(rune('a'+len(w.Keys()))), v)
	}
	w.AddTensor("f32", gguf.F32, 3)
	w.AddTensor("q8", gguf.Q8_0, 64, 3)
	w.AddTensor("q4", gguf.Q4_K, 256, 2, 2)
	return &w
}

// byName fills a tensor with the length of its name.
func byName(t gguf.Tensor, w io.Writer) error {
	for range t.Bytes() {
		if _, err := w.Write([]byte{byte(len(t.Name))}); err != nil {
			return err
		}
	}
	return nil
}

func TestWriteRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	require.NoError(t, sample().Create(path, byName))
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()

	assert.Equal(t, sample().Tensors(), f.Tensors)
	assert.Equal(t, sample().Keys(), f.Keys())
	var shown []string
	for _, key := range f.Keys() {
		v, _ := f.Lookup(key)
		shown = append(shown, v.Elem().String()+" "+v.String())
	}
	assert.Equal(t, []string{
		"u8 1", "i8 -1", "u16 2", "i16 -2", "u32 3", "i32 -3", "u64 4", "i64 -4",
		"f32 0.25", "f64 0.125", "bool true", "str text", "u8 u8[1]", "i8 i8[1]", "u16 u16[1]",
		"i16 i16[1]", "u32 u32[1]", "i32 i32[1]", "u64 u64[1]", "i64 i64[1]", "f32 f32[1]",
		"f64 f64[1]", "bool bool[2]", "str str[2]", "str str[0]",
	}, shown)
	bools, err := gguf.Array[bool](f, "key.w")
	require.NoError(t, err)
	assert.Equal(t, []bool{true, false}, bools)
	for _, tensor := range f.Tensors {
		data, err := io.ReadAll(f.Data(tensor))
		require.NoError(t, err)
		assert.Len(t, data, int(tensor.Bytes()))
		for _, b := range data {
			require.EqualValues(t, len(tensor.Name), b)
		}
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, sample().Create(filepath.Join(dir, "1"), byName))
	require.NoError(t, sample().Create(filepath.Join(dir, "2"), byName))
	one, err := os.ReadFile(filepath.Join(dir, "1"))
	require.NoError(t, err)
	two, err := os.ReadFile(filepath.Join(dir, "2"))
	require.NoError(t, err)
	assert.Equal(t, one, two)
}

// Llama 3.1 405B's largest tensors in f16, 700 GB of them, cost a few blocks.
func TestWriteSparse(t *testing.T) {
	var w gguf.Writer
	w.Set("general.architecture", "llama")
	for i := range 126 {
		w.AddTensor("blk."+string(rune('A'+i/26))+string(rune('a'+i%26))+".ffn.weight", gguf.F16, 16384, 53248*3)
	}
	path := filepath.Join(t.TempDir(), "big.gguf")
	err := w.Create(path, nil)
	if errors.Is(err, syscall.EFBIG) {
		t.Skipf("the file system of the temporary folder has no files of %d bytes", w.DataBytes())
	}
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Greater(t, info.Size(), w.DataBytes())
	stat := info.Sys().(*syscall.Stat_t)
	assert.Less(t, stat.Blocks*512, int64(1<<20), "bytes on disk")
	f, err := gguf.Open(path)
	require.NoError(t, err)
	assert.Len(t, f.Tensors, 126)
	require.NoError(t, f.Close())
}

func TestWriteLeavesUnfilledTensorsSparse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	require.NoError(t, sample().Create(path, func(tensor gguf.Tensor, w io.Writer) error {
		if tensor.Name != "q8" {
			return nil
		}
		return byName(tensor, w)
	}))
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	for _, tensor := range f.Tensors {
		data, err := io.ReadAll(f.Data(tensor))
		require.NoError(t, err)
		assert.Equal(t, tensor.Name == "q8", data[0] != 0, tensor.Name)
	}
}

// A failed write leaves the folder as it was.
func TestCreateFails(t *testing.T) {
	tests := []struct {
		name string
		fill gguf.Fill
		says string
	}{
		{"too little", func(_ gguf.Tensor, w io.Writer) error { _, err := w.Write([]byte{1}); return err },
			`tensor "f32": 1 bytes were written of 12`},
		{"too much", func(_ gguf.Tensor, w io.Writer) error { _, err := w.Write(make([]byte, 13)); return err },
			"1 bytes more than the tensor holds"},
		{"fill fails", func(gguf.Tensor, io.Writer) error { return syscall.ENOSPC }, "no space left on device"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "m.gguf")
			err := sample().Create(path, tt.fill)
			require.ErrorContains(t, err, tt.says)
			assert.ErrorContains(t, err, path)
			left, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, left)
		})
	}
}

func TestWriterKeepsTheFirstMistake(t *testing.T) {
	tests := []struct {
		name string
		do   func(*gguf.Writer)
		says string
	}{
		{"number without a width", func(w *gguf.Writer) { w.Set("k", 1) }, `metadata key "k": a int is no value of the format`},
		{"empty key", func(w *gguf.Writer) { w.Set("", uint8(1)) }, "has 0 bytes"},
		{"key twice", func(w *gguf.Writer) { w.Set("key.a", uint8(1)) }, "set twice"},
		{"alignment", func(w *gguf.Writer) { w.Set("general.alignment", uint32(64)) }, "not to be set"},
		{"tensor twice", func(w *gguf.Writer) { w.AddTensor("q8", gguf.F32, 1) }, "added twice"},
		{"no dimension", func(w *gguf.Writer) { w.AddTensor("t", gguf.F32) }, "no dimension"},
		{"half a block", func(w *gguf.Writer) { w.AddTensor("t", gguf.Q8_0, 16) }, "q8_0's block of 32"},
		{"negative", func(w *gguf.Writer) { w.AddTensor("t", gguf.F32, -1) }, "2^63 or more"},
		{"too large", func(w *gguf.Writer) { w.AddTensor("t", gguf.I8, 1<<62) }, "2^62 bytes or more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := sample()
			tt.do(w)
			w.Set("", "a later mistake")
			_, err := w.Header()
			assert.ErrorContains(t, err, tt.says)
			assert.ErrorContains(t, w.Create(filepath.Join(t.TempDir(), "m.gguf"), nil), tt.says)
		})
	}
}

// split writes a model in three parts, after edit has had its way with the
// split.* keys of each.
func split(t *testing.T, edit func(part int, no, count *uint16, tensors *int32)) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i, name := range []string{"a", "b", "c"} {
		no, count, tensors := uint16(i), uint16(3), int32(3)
		edit(i, &no, &count, &tensors)
		var w gguf.Writer
		w.Set("split.no", no)
		w.Set("split.count", count)
		w.Set("split.tensors.count", tensors)
		w.AddTensor(name, gguf.F32, int64(i+1))
		path := filepath.Join(dir, "m-0000"+string(rune('1'+i))+"-of-00003.gguf")
		require.NoError(t, w.Create(path, byName))
		paths = append(paths, path)
	}
	return paths
}

func TestOpenSplit(t *testing.T) {
	paths := split(t, func(int, *uint16, *uint16, *int32) {})
	for _, path := range paths {
		f, err := gguf.Open(path)
		require.NoError(t, err)
		assert.Equal(t, path, f.Name)
		require.Len(t, f.Tensors, 3)
		for i, tensor := range f.Tensors {
			assert.Equal(t, i, tensor.Part)
			data, err := io.ReadAll(f.Data(tensor))
			require.NoError(t, err)
			assert.Len(t, data, 4*(i+1))
			assert.EqualValues(t, 0x01010101, binary.LittleEndian.Uint32(data))
		}
		require.NoError(t, f.Close())
	}
}

func TestOpenSplitDefects(t *testing.T) {
	tests := []struct {
		name string
		edit func(part int, no, count *uint16, tensors *int32)
		says string
	}{
		{"wrong number", func(i int, no, _ *uint16, _ *int32) { *no = uint16(2 - i) }, `"split.no" says 2, and the file's name 0`},
		{"wrong count", func(i int, _, count *uint16, _ *int32) { *count = 4 }, "says 4 parts, and the file's name 3"},
		{"wrong tensors", func(i int, _, _ *uint16, tensors *int32) { *tensors = 9 }, "says 9 tensors, and the 3 parts hold 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := gguf.Open(split(t, tt.edit)[0])
			assert.ErrorContains(t, err, tt.says)
		})
	}
	t.Run("missing part", func(t *testing.T) {
		paths := split(t, func(int, *uint16, *uint16, *int32) {})
		require.NoError(t, os.Remove(paths[1]))
		_, err := gguf.Open(paths[0])
		require.ErrorIs(t, err, os.ErrNotExist)
		assert.ErrorContains(t, err, "one part of a split model of 3, and part 2, "+filepath.Base(paths[1])+", is not there")
		_, err = gguf.Open(paths[2])
		assert.ErrorContains(t, err, "part 2")
		require.NoError(t, os.Remove(paths[0]))
		_, err = gguf.Open(paths[2])
		assert.ErrorContains(t, err, "the first part, "+filepath.Base(paths[0])+", is not there")
	})
	t.Run("same tensor twice", func(t *testing.T) {
		paths := split(t, func(i int, no, _ *uint16, _ *int32) {})
		other := split(t, func(i int, no, _ *uint16, _ *int32) { *no = 2 })
		require.NoError(t, os.Rename(other[0], paths[2]))
		_, err := gguf.Open(paths[0])
		assert.ErrorContains(t, err, `tensor "a" stands in an earlier part too`)
	})
	t.Run("part 4 of 3", func(t *testing.T) {
		_, err := gguf.Open("m-00004-of-00003.gguf")
		assert.ErrorContains(t, err, "part 4 of 3")
	})
}
