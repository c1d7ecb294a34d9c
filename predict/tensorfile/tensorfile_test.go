package tensorfile_test

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/tensorfile"
)

func TestProduct(t *testing.T) {
	tests := []struct {
		factors []int64
		want    int64
		ok      bool
	}{
		{nil, 1, true},
		{[]int64{3, 5, 7}, 105, true},
		{[]int64{math.MaxInt64}, math.MaxInt64, true},
		{[]int64{1 << 31, 1 << 31}, 1 << 62, true},
		{[]int64{1 << 32, 1 << 31}, 0, false},
		{[]int64{1 << 62, 4}, 0, false},
		{[]int64{5, 0}, 0, true},
		{[]int64{0, 1 << 62, 4}, 0, false},
		{[]int64{0, -1}, 0, false},
	}
	for _, tt := range tests {
		got, ok := tensorfile.Product(tt.factors...)
		assert.Equal(t, tt.ok, ok, tt.factors)
		assert.Equal(t, tt.want, got, tt.factors)
	}
}

// An existing file stays as it was until its successor is complete.
func TestCreateReplacesWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	spans := []tensorfile.Span{{Name: "a", Bytes: 2}, {Name: "b", Offset: 4, Bytes: 1}}
	fill := func(i int, w io.Writer) error {
		_, err := w.Write([]byte("xyz")[:spans[i].Bytes])
		return err
	}
	require.NoError(t, tensorfile.Create(path, []byte("head"), 6, spans, fill))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "headxy\x00\x00x\x00", string(b))

	err = tensorfile.Create(path, []byte("other"), 6, spans, func(int, io.Writer) error { return io.ErrClosedPipe })
	require.ErrorIs(t, err, io.ErrClosedPipe)
	assert.EqualError(t, err, path+`: tensor "a": io: read/write on closed pipe`)
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, b, again)
}

func TestCreateNeedsTheFolder(t *testing.T) {
	err := tensorfile.Create(filepath.Join(t.TempDir(), "none", "f"), nil, 0, nil, nil)
	assert.ErrorIs(t, err, os.ErrNotExist)
}
