package mlx_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/native/dylib"
	"assay/native/mlx"
	"assay/native/mlx/mlxtest"
)

func TestOpenRefusesWhatIsNoLibrary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "libmlxc.so")
	require.NoError(t, os.WriteFile(path, []byte("not a library"), 0o600))
	_, err := mlx.Open(path)
	require.ErrorIs(t, err, dylib.ErrUnusable)
	assert.ErrorContains(t, err, path)
}

func TestOpenTellsTheRelease(t *testing.T) {
	lib := mlxtest.Library(t)
	assert.Contains(t, []string{"cpu", "gpu"}, lib.Device)
	assert.NotEmpty(t, lib.Release.Name)
	assert.Regexp(t, `^0\.\d+\.\d+`, lib.Version)
	t.Logf("exercised: mlx-c %s over MLX %s on the %s", lib.Release.Name, lib.Version, lib.Device)
}

func TestDeviceSaysWhatItIs(t *testing.T) {
	lib := mlxtest.Library(t)
	require.NoError(t, lib.Do(func(s *mlx.Scope) error {
		info := s.DeviceInfo()
		assert.NotEmpty(t, info.Name)
		assert.NotEmpty(t, info.Architecture)
		assert.Equal(t, lib.Device == "gpu", info.WorkingSet > 0, "what Metal recommends")
		return s.Err()
	}))
}

func TestArithmetic(t *testing.T) {
	lib := mlxtest.Library(t)
	var got []float32
	require.NoError(t, lib.Do(func(s *mlx.Scope) error {
		a := s.Float32s([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
		product := s.Matmul(a, s.T(a))
		got = s.Floats(s.Multiply(product, s.Scalar(0.5, mlx.Float32)))
		return nil
	}))
	assert.Equal(t, []float32{7, 16, 16, 38.5}, got)
}

func TestErrorIsMLXsAndSticks(t *testing.T) {
	lib := mlxtest.Library(t)
	err := lib.Do(func(s *mlx.Scope) error {
		bad := s.Matmul(s.Zeros(mlx.Float32, 3, 5), s.Zeros(mlx.Float32, 3, 5))
		s.Eval(s.Add(bad, bad))
		return nil
	})
	var native *mlx.Error
	require.ErrorAs(t, err, &native)
	assert.Equal(t, "mlx_matmul", native.Function)
	assert.Contains(t, native.Message, "[matmul] Last dimension of first input with shape (3,5)")
	require.NoError(t, lib.Do(func(s *mlx.Scope) error { s.Eval(s.Zeros(mlx.Float32, 1)); return nil }),
		"the next Scope is clean")
}

func TestSetOutlivesTheScopeAndFreeReleases(t *testing.T) {
	lib := mlxtest.Library(t)
	var kept mlx.Array
	var before, during, after int64
	require.NoError(t, lib.Do(func(s *mlx.Scope) error {
		before = s.Memory().Active
		s.Set(&kept, s.Add(s.Zeros(mlx.Float32, 1<<20), s.Scalar(1, mlx.Float32)))
		s.Eval(kept)
		return nil
	}))
	require.NoError(t, lib.Do(func(s *mlx.Scope) error {
		during = s.Memory().Active
		assert.EqualValues(t, 4<<20, s.Bytes(kept))
		assert.Equal(t, []int{1 << 20}, s.Shape(kept))
		s.Free(&kept)
		after = s.Memory().Active
		return nil
	}))
	assert.GreaterOrEqual(t, during-before, int64(4<<20))
	assert.Equal(t, before, after)
	assert.False(t, kept.Valid())
}

func TestScopesLeakNothing(t *testing.T) {
	lib := mlxtest.Library(t)
	var before, after int64
	require.NoError(t, lib.Do(func(s *mlx.Scope) error { before = s.Memory().Active; return nil }))
	for range 50 {
		require.NoError(t, lib.Do(func(s *mlx.Scope) error {
			x := s.Zeros(mlx.Float32, 64, 64)
			for range 300 { // more than one chunk of handles
				x = s.Add(x, x)
			}
			s.Eval(x)
			return nil
		}))
	}
	require.NoError(t, lib.Do(func(s *mlx.Scope) error { after = s.Memory().Active; return nil }))
	assert.Equal(t, before, after)
}

func TestScalarRoundsAsMLXDoes(t *testing.T) {
	lib := mlxtest.Library(t)
	numbers := []float64{0, 1, -2.5, 0.1, 33.941125, 65504, 6.1e-5, 3e-7, 1e-9, 0.044715, 1.0009765625, 1.00048828125}
	for _, dtype := range []mlx.DType{mlx.Float16, mlx.BFloat16, mlx.Float32} {
		require.NoError(t, lib.Do(func(s *mlx.Scope) error {
			for _, number := range numbers {
				want := s.Floats(s.AsType(s.Float32s([]float32{float32(number)}, 1), dtype))
				got := s.Floats(s.Scalar(number, dtype))
				assert.Equal(t, want, got, "%v as type %d", number, dtype)
			}
			return nil
		}))
	}
}

func TestCompiledFunctionIsTheFunction(t *testing.T) {
	lib := mlxtest.Library(t)
	require.NoError(t, lib.Do(func(s *mlx.Scope) error {
		silu := func(s *mlx.Scope, in []mlx.Array) mlx.Array {
			return s.Multiply(s.Multiply(in[0], s.Sigmoid(in[0])), in[1])
		}
		compiled := &mlx.Function{Inputs: 2, Body: silu}
		a := s.Float32s([]float32{-1, 0.5, 2}, 3)
		b := s.Float32s([]float32{3, 4, 5}, 3)
		assert.InDeltaSlice(t, s.Floats(silu(s, []mlx.Array{a, b})), s.Floats(s.Call(compiled, a, b)), 1e-6)
		return nil
	}))
}

func TestCompiledFunctionThatFailsSaysWhy(t *testing.T) {
	lib := mlxtest.Library(t)
	err := lib.Do(func(s *mlx.Scope) error {
		compiled := &mlx.Function{Inputs: 1, Body: func(s *mlx.Scope, in []mlx.Array) mlx.Array { return s.Matmul(in[0], in[0]) }}
		s.Call(compiled, s.Zeros(mlx.Float32, 3, 5))
		return nil
	})
	require.ErrorContains(t, err, "[matmul]")
}

func TestQuantizeAndBack(t *testing.T) {
	lib := mlxtest.Library(t)
	require.NoError(t, lib.Do(func(s *mlx.Scope) error {
		q := mlx.Quantisation{Bits: 8, GroupSize: 32}
		numbers := make([]float32, 64)
		for i := range numbers {
			numbers[i] = float32(i) / 64
		}
		packed := s.Quantize(s.Float32s(numbers, 1, 64), q)
		assert.Equal(t, []int{1, 16}, s.Shape(packed.Words))
		assert.Equal(t, []int{1, 2}, s.Shape(packed.Scales))
		assert.InDeltaSlice(t, numbers, s.Floats(s.Dequantize(packed, q)), 0.01)
		return nil
	}))
}

// BenchmarkOperation times one operation built and freed, as a forward pass
// does it some twenty times a layer: ns/op is the host's cost.
func BenchmarkOperation(b *testing.B) {
	lib := mlxtest.Library(b)
	for _, bench := range []struct {
		name string
		op   func(s *mlx.Scope, x mlx.Array)
	}{
		{"add", func(s *mlx.Scope, x mlx.Array) { s.Add(x, x) }},
		{"reshape", func(s *mlx.Scope, x mlx.Array) { s.Reshape(x, 4, 16) }},
		{"rms_norm", func(s *mlx.Scope, x mlx.Array) { s.RMSNorm(x, mlx.Array{}, 1e-5) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			err := lib.Do(func(s *mlx.Scope) error {
				x := s.Zeros(mlx.Float32, 64)
				s.Eval(x)
				b.ReportAllocs()
				step := s.Nested()
				for i := 0; b.Loop(); i++ {
					if bench.op(step, x); i%200 == 0 {
						step.Close()
					}
				}
				step.Close()
				return nil
			})
			require.NoError(b, err)
		})
	}
}
