package host_test

import (
	"context"
	"io/fs"
	"os"
	"runtime"
	"testing"

	"assay/native/host"

	"github.com/stretchr/testify/require"
)

func TestReadThisMachine(t *testing.T) {
	info, err := host.Read(context.Background())
	require.NoError(t, err)
	require.Equal(t, runtime.GOOS, info.OS)
	require.Positive(t, info.Cores)
	require.NotEmpty(t, info.Chip)
	require.Greater(t, info.MemoryBytes, int64(1<<28))
	require.NotNil(t, info.FreeMemoryBytes)
	require.LessOrEqual(t, *info.FreeMemoryBytes, info.MemoryBytes)
	require.NotNil(t, info.LoadAverage)
}

func TestReadStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := host.Read(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestFootprintGrowsWithWhatIsTouched(t *testing.T) {
	before, err := host.Footprint(os.Getpid())
	require.NoError(t, err)
	const size = 64 << 20
	held := make([]byte, size)
	for i := 0; i < size; i += 4096 {
		held[i] = 1
	}
	after, err := host.Footprint(os.Getpid())
	require.NoError(t, err)
	require.Greater(t, after.Bytes, before.Bytes+size*9/10)
	require.NotNil(t, after.PeakBytes)
	require.GreaterOrEqual(t, *after.PeakBytes, after.Bytes)
	runtime.KeepAlive(held)

	_, err = host.Footprint(1 << 30)
	require.Error(t, err)
	if runtime.GOOS == "linux" {
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
}
