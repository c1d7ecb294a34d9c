package mlx_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/mlx"
)

// metalLibrary is an MTLB file's header and list of functions.
func metalLibrary(names ...string) []byte {
	list := binary.LittleEndian.AppendUint32(nil, uint32(len(names)))
	for _, name := range names {
		var entry []byte
		tag := func(tag string, value []byte) {
			entry = append(binary.LittleEndian.AppendUint16(append(entry, tag...), uint16(len(value))), value...)
		}
		tag("NAME", append([]byte(name), 0))
		tag("TYPE", []byte{2})
		entry = append(entry, "ENDT"...)
		list = append(binary.LittleEndian.AppendUint32(list, uint32(len(entry)+4)), entry...)
	}
	file := make([]byte, 88)
	copy(file, "MTLB")
	binary.LittleEndian.PutUint64(file[24:], uint64(len(file)))
	binary.LittleEndian.PutUint64(file[32:], uint64(len(list)-4))
	return append(file, list...)
}

func TestNAXKernels(t *testing.T) {
	whole := metalLibrary("steel_gemm_fused_nax_nn_float", "steel_gemm_fused_nn_float", "affine_qmm_n_nax_float")
	tests := []struct {
		name    string
		content []byte
		want    int
		fails   bool
	}{
		{"with", whole, 2, false},
		{"without", metalLibrary("steel_gemm_fused_nn_float"), 0, false},
		{"empty", metalLibrary(), 0, false},
		{"cut short", whole[:len(whole)-40], 0, true},
		{"no Metal library", []byte("MTLBOGUS"), 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "mlx.metallib")
			require.NoError(t, os.WriteFile(path, tt.content, 0o644))
			got, err := mlx.NAXKernels(path)
			if tt.fails {
				assert.ErrorIs(t, err, mlx.ErrNoKernels)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func FuzzNAXKernels(f *testing.F) {
	f.Add(metalLibrary("a_nax_b", "c"))
	path := filepath.Join(f.TempDir(), "mlx.metallib")
	f.Fuzz(func(t *testing.T, content []byte) {
		require.NoError(t, os.WriteFile(path, content, 0o644))
		_, _ = mlx.NAXKernels(path)
	})
}
