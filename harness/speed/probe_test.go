package speed_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/speed"
	"assay/results"
	"assay/results/store"
)

func TestProbedMachineIsKept(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	ctx := context.Background()
	h := results.Host{Name: "box", Chip: "Some(R) Processor"}
	chip, err := speed.ProbeMachine(ctx, h)
	require.NoError(t, err)
	// Any machine that runs this reads more than 100 MB/s and multiplies faster
	// than it reads numbers one by one; none reads 10 TB/s.
	assert.Greater(t, chip.Bandwidth, 1e8)
	assert.Less(t, chip.Bandwidth, 1e13)
	assert.Greater(t, *chip.Product, 1e8)

	db, err := store.Open(ctx, filepath.Join(t.TempDir(), "assay.db"))
	require.NoError(t, err)
	defer db.Close()
	none, err := speed.KnownChip(ctx, db, h)
	require.NoError(t, err)
	assert.Nil(t, none)
	require.NoError(t, speed.KeepChip(ctx, db, h, chip))
	known, err := speed.KnownChip(ctx, db, h)
	require.NoError(t, err)
	assert.Equal(t, &chip, known)

	cores := 38
	apple, err := speed.KnownChip(ctx, db, results.Host{Chip: "Apple M2 Max", GPUCores: &cores})
	require.NoError(t, err)
	assert.Equal(t, 400e9, apple.Bandwidth)
}

func TestProbeStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := speed.ProbeMachine(ctx, results.Host{})
	assert.ErrorIs(t, err, context.Canceled)
}
