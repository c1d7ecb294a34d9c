package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/safetensors"
)

// raw is a file of that JSON header and n bytes of data.
func raw(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

const clean = `{"__metadata__":{"format":"mlx"},"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}} `

func read(b []byte) (*safetensors.File, error) {
	return safetensors.Read(bytes.NewReader(b), int64(len(b)), "m.safetensors")
}

func TestReadClean(t *testing.T) {
	f, err := read(raw(clean, 16))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"format": "mlx"}, f.Metadata)
	assert.Equal(t, []safetensors.Tensor{
		{Name: "a", DType: "F32", Shape: []int64{}, Bytes: 4},
		{Name: "b", DType: "BF16", Shape: []int64{2, 3}, Offset: 4, Bytes: 12},
	}, f.Tensors)
	assert.EqualValues(t, 6, f.Tensors[1].Elements())
	data, err := io.ReadAll(f.Data(f.Tensors[1]))
	require.NoError(t, err)
	assert.Len(t, data, 12)
}

func TestReadAcceptsWhatWritersDo(t *testing.T) {
	for name, header := range map[string]string{
		"no metadata, as MLX writes it": `{"__metadata__":null}`,
		"nothing at all":                `{}`,
		"fields of a later version":     `{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"more":{"x":[1]}}}`,
		"half-byte elements":            `{"a":{"dtype":"F4","shape":[2,0],"data_offsets":[0,0]}}`,
	} {
		_, err := read(raw(header, 0))
		assert.NoError(t, err, name)
	}
}

// Each file has one thing wrong, and the error must name it and its place.
func TestReadDefects(t *testing.T) {
	tensor := func(dtype, shape, offsets string) string {
		return `{"t":{"dtype":"` + dtype + `","shape":` + shape + `,"data_offsets":` + offsets + `}}`
	}
	tests := []struct {
		name   string
		file   []byte
		offset int64
		field  string
		says   string
	}{
		{"empty", nil, 0, "header length", "the file has 0"},
		{"cut in the length", []byte{1, 2, 3}, 0, "header length", "the file has 3"},
		{"length of 2^63", binary.LittleEndian.AppendUint64(nil, 1<<63), 0, "header length", "no safetensors file"},
		{"GGUF", []byte("GGUF\x03\x00\x00\x00 and so on"), 0, "header length", "no safetensors file"},
		{"length past the end", raw(clean, 16)[:50], 0, "header length", "truncated, get it again"},
		{"length a byte past the end", raw(`{}`, 0)[:9], 0, "header length", "truncated, get it again"},
		{"no header", raw("", 0), 8, "header", "unexpected EOF"},
		{"not an object", raw(`[1]`, 0), 9, "header", `want a JSON object, have "["`},
		{"not JSON", raw(`{"a`, 0), 9, "header", "unexpected EOF"},
		{"something behind", raw(`{}{}`, 0), 11, "header", "something follows"},
		{"metadata of numbers", raw(`{"__metadata__":{"n":1}}`, 0), 23, "__metadata__", "cannot unmarshal number"},
		{"duplicate tensor", raw(`{"t":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"t":1}`, 0), 64, "header", `"t" occurs twice`},
		{"duplicate field", raw(`{"t":{"dtype":"U8","dtype":"U8"}}`, 0), 12, `tensor "t"`, `"dtype" occurs twice`},
		{"tensor is no object", raw(`{"t":7}`, 0), 12, `tensor "t"`, `want a JSON object, have "7"`},
		{"field missing", raw(`{"t":{"dtype":"U8","shape":[0]}}`, 0), 12, `tensor "t"`, "lacks one of"},
		{"unknown dtype", raw(tensor("Q4", "[1]", "[0,1]"), 1), 12, `tensor "t"`, `unknown dtype "Q4"`},
		{"negative dimension", raw(tensor("U8", "[-1]", "[0,1]"), 1), 12, `tensor "t"`, "negative dimension"},
		{"2^64 elements", raw(tensor("U8", "[4294967296,4294967296]", "[0,1]"), 1), 12, `tensor "t"`, "2^63 bits or more"},
		{"dimension of 2^63", raw(tensor("U8", "[9223372036854775808]", "[0,1]"), 1), 12, `tensor "t"`, "shape: json"},
		{"fraction", raw(tensor("U8", "[1.5]", "[0,1]"), 1), 12, `tensor "t"`, "shape: json"},
		{"half a byte", raw(tensor("F4", "[3]", "[0,1]"), 1), 12, `tensor "t"`, "ends inside a byte"},
		{"one offset", raw(tensor("U8", "[1]", "[0]"), 1), 12, `tensor "t"`, "no begin and end"},
		{"backwards", raw(tensor("U8", "[1]", "[1,0]"), 1), 12, `tensor "t"`, "no begin and end"},
		{"negative offset", raw(tensor("U8", "[1]", "[-1,0]"), 1), 12, `tensor "t"`, "no begin and end"},
		{"wrong size", raw(tensor("F32", "[1]", "[0,3]"), 3), 12, `tensor "t"`, "hold 3 bytes, and F32 of [1] takes 4"},
		{"past the end", raw(tensor("U8", "[9]", "[0,9]"), 8), 12, `tensor "t"`, "truncated, get it again"},
		{"far past the end", raw(tensor("U8", "[1]", "[9223372036854775806,9223372036854775807]"), 8), 12, `tensor "t"`, "truncated"},
		{"gap", raw(tensor("U8", "[1]", "[1,2]"), 2), 12, `tensor "t"`, "no tensor has the bytes between"},
		{"overlap", raw(strings.Replace(clean, "[4,16]", "[2,14]", 1), 16), 8 + 36, `tensor "b"`, `overlap those of "a", which end at 4`},
		{"bytes behind", raw(clean, 17), 0, "data", "1 bytes behind the last tensor's"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := read(tt.file)
			require.Error(t, err)
			assert.Nil(t, f)
			var e *safetensors.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, "m.safetensors", e.File)
			assert.Equal(t, tt.field, e.Field)
			assert.ErrorContains(t, err, tt.says)
			assert.Equal(t, tt.offset, e.Offset, err)
		})
	}
}

// byName fills a tensor with the length of its name.
func byName(t safetensors.Tensor, w io.Writer) error {
	_, err := w.Write(bytes.Repeat([]byte{byte(len(t.Name))}, int(t.Bytes)))
	return err
}

func sample() *safetensors.Writer {
	w := &safetensors.Writer{Metadata: map[string]string{"format": "mlx", "by": "a <test>"}}
	w.Add("one", safetensors.BF16, 3, 5)
	w.Add("scalar", safetensors.F32)
	w.Add(`"odd" näme`, safetensors.U32, 2)
	return w
}

func TestWriteRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, sample().Create(path, byName))
	f, err := safetensors.Open(path)
	require.NoError(t, err)
	defer f.Close()
	assert.Equal(t, sample().Tensors(), f.Tensors)
	assert.Equal(t, sample().Metadata, f.Metadata)
	for _, tensor := range f.Tensors {
		data, err := io.ReadAll(f.Data(tensor))
		require.NoError(t, err)
		assert.Equal(t, bytes.Repeat([]byte{byte(len(tensor.Name))}, int(tensor.Bytes)), data)
	}
	header, err := sample().Header()
	require.NoError(t, err)
	again, err := sample().Header()
	require.NoError(t, err)
	assert.Equal(t, header, again)
	assert.Zero(t, len(header)%8, "data are aligned")
}

func TestWriteSparse(t *testing.T) {
	var w safetensors.Writer
	w.Add("large", safetensors.BF16, 1<<20, 1<<14)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, w.Create(path, nil))
	f, err := safetensors.Open(path)
	require.NoError(t, err)
	assert.EqualValues(t, 1<<35, f.Tensors[0].Bytes)
	require.NoError(t, f.Close())
}

func TestWriterKeepsTheFirstMistake(t *testing.T) {
	for says, do := range map[string]func(*safetensors.Writer){
		`tensor "one": the name is taken`:          func(w *safetensors.Writer) { w.Add("one", "U8", 1) },
		`tensor "__metadata__": the name is taken`: func(w *safetensors.Writer) { w.Add("__metadata__", "U8", 1) },
		`tensor "t": unknown dtype "q4"`:           func(w *safetensors.Writer) { w.Add("t", "q4", 1) },
		`tensor "t": the shape [-1] of U8 has a`:   func(w *safetensors.Writer) { w.Add("t", "U8", -1) },
		"2^62 bytes or more": func(w *safetensors.Writer) {
			for _, name := range "abcdefgh" {
				w.Add(string(name), "U64", 1<<56)
			}
		},
	} {
		w := sample()
		do(w)
		w.Add("t", "a later mistake")
		_, err := w.Header()
		assert.ErrorContains(t, err, says)
		assert.ErrorContains(t, w.Create(filepath.Join(t.TempDir(), "m"), nil), says)
	}
}

// folder writes shards, each with the tensors named, and an index if one is given.
func folder(t *testing.T, index string, shards map[string][]string) string {
	t.Helper()
	dir := t.TempDir()
	for shard, names := range shards {
		var w safetensors.Writer
		for _, name := range names {
			w.Add(name, safetensors.BF16, 4)
		}
		require.NoError(t, w.Create(filepath.Join(dir, shard), byName))
	}
	if index != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), []byte(index), 0o644))
	}
	return dir
}

func TestOpenFolder(t *testing.T) {
	shards := map[string][]string{"model-1.safetensors": {"a"}, "model-2.safetensors": {"bb", "c"}, "other.safetensors": {"d"}}
	index := `{"metadata":{"total_size":24},"weight_map":{"a":"model-1.safetensors","c":"model-2.safetensors"}}`
	indexed := folder(t, index, shards)
	for _, path := range []string{folder(t, "", shards), indexed, filepath.Join(indexed, "model.safetensors.index.json")} {
		f, err := safetensors.Open(path)
		require.NoError(t, err)
		assert.Equal(t, path, f.Name)
		require.Len(t, f.Tensors, 3)
		bb := f.Tensors[1]
		assert.Equal(t, "bb", bb.Name)
		assert.Equal(t, []int{0, 1, 1}, []int{f.Tensors[0].Part, bb.Part, f.Tensors[2].Part})
		data, err := io.ReadAll(f.Data(bb))
		require.NoError(t, err)
		assert.Equal(t, bytes.Repeat([]byte{2}, 8), data)
		require.NoError(t, f.Close())
	}
}

func TestOpenFolderDefects(t *testing.T) {
	one := map[string][]string{"model-1.safetensors": {"a"}}
	tests := []struct {
		name, index string
		shards      map[string][]string
		says        string
	}{
		{"nothing there", "", nil, "holds neither model.safetensors.index.json nor model*.safetensors"},
		{"tensor twice", "", map[string][]string{"model-1.safetensors": {"a"}, "model-2.safetensors": {"a"}}, `tensor "a" stands in`},
		{"shard missing", `{"weight_map":{"a":"model-2.safetensors"}}`, one,
			"model-2.safetensors: the shard is missing, of which model.safetensors.index.json says that it holds 1 tensors, such as a"},
		{"tensor missing", `{"weight_map":{"a":"model-1.safetensors","b":"model-1.safetensors"}}`, one,
			`puts tensor "b" into model-1.safetensors`},
		{"outside the folder", `{"weight_map":{"a":"../model.safetensors"}}`, one, `shard "../model.safetensors" is no file name`},
		{"no file name", `{"weight_map":{"a":".."}}`, one, `shard ".." is no file name`},
		{"no map", `{"metadata":{}}`, one, "weight_map is missing or empty"},
		{"no object", `[]`, one, "at byte 1: index: want a JSON object"},
		{"named twice", `{"weight_map":{"a":"model-1.safetensors","a":"model-1.safetensors"}}`, one, `"a" occurs twice`},
		{"cut", `{"weight_map":{"a":`, one, "index: unexpected EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := safetensors.Open(folder(t, tt.index, tt.shards))
			assert.ErrorContains(t, err, tt.says)
		})
	}
	_, err := safetensors.Open(filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// FuzzRead: whatever the bytes, the reader either says what is wrong and where,
// or returns tensors that fill the file exactly.
func FuzzRead(f *testing.F) {
	f.Add(raw(clean, 16))
	f.Add(raw(`{"t":{"dtype":"U8","shape":[9223372036854775807,2],"data_offsets":[0,1]}}`, 1))
	f.Add(raw(`{"__metadata__":null}   `, 0))
	f.Add(binary.LittleEndian.AppendUint64(nil, 1<<63))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := read(b)
		if err != nil {
			var e *safetensors.Error
			require.ErrorAs(t, err, &e)
			assert.GreaterOrEqual(t, e.Offset, int64(0))
			assert.LessOrEqual(t, e.Offset, int64(len(b)))
			return
		}
		var sum int64
		for _, tensor := range file.Tensors {
			require.Equal(t, sum, tensor.Offset)
			n, err := io.Copy(io.Discard, file.Data(tensor))
			require.NoError(t, err)
			require.Equal(t, tensor.Bytes, n)
			sum += n
		}
		require.Equal(t, int64(len(b)), 8+int64(binary.LittleEndian.Uint64(b))+sum)
	})
}
