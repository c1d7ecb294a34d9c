package gguf_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/gguf"
)

// written is a file of two-dimensional tensors of the types, and of the file type if it has one.
func written(t *testing.T, fileType *uint32, types ...gguf.Type) *gguf.File {
	t.Helper()
	var w gguf.Writer
	w.Set("general.architecture", "llama")
	if fileType != nil {
		w.Set("general.file_type", *fileType)
	}
	for i, typ := range types {
		w.AddTensor(string(rune('a'+i)), typ, 256, 2)
	}
	path := filepath.Join(t.TempDir(), "model.gguf")
	require.NoError(t, w.Create(path, nil))
	f, err := gguf.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// A file is called what llama.cpp calls it: by its key, or by most of its tensors.
func TestFileType(t *testing.T) {
	for name, tt := range map[string]struct {
		key   *uint32
		types []gguf.Type
		want  string
	}{
		"by its key":           {new(uint32(15)), []gguf.Type{gguf.Q6_K, gguf.Q6_K, gguf.Q4_K}, "Q4_K - Medium"},
		"all f32":              {new(uint32(0)), []gguf.Type{gguf.F32}, "all F32"},
		"a key of the future":  {new(uint32(999)), []gguf.Type{gguf.Q4_K}, ""},
		"by most tensors":      {nil, []gguf.Type{gguf.F32, gguf.Q4_K, gguf.Q4_K}, "Q4_K - Medium"},
		"the first of as many": {nil, []gguf.Type{gguf.Q8_0, gguf.F16}, "Q8_0"},
		"a type of no kind":    {nil, []gguf.Type{gguf.I32}, ""},
		"no tensors":           {nil, nil, ""},
	} {
		assert.Equal(t, tt.want, written(t, tt.key, tt.types...).FileType(), name)
	}
}

// The hash is of the header: it changes with a key or a type, not with what is said of the file elsewhere.
func TestHeaderSHA256(t *testing.T) {
	sum := func(f *gguf.File) string {
		s, err := f.HeaderSHA256()
		require.NoError(t, err)
		return s
	}
	a := sum(written(t, nil, gguf.F16))
	assert.Len(t, a, 64)
	assert.Equal(t, a, sum(written(t, nil, gguf.F16)))
	assert.NotEqual(t, a, sum(written(t, nil, gguf.Q8_0)))
	assert.NotEqual(t, a, sum(written(t, new(uint32(1)), gguf.F16)))
}
