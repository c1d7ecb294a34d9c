package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkBigStore runs the commands that read years in a process each, and says how
// much memory it held at most. The benchmark of results/store makes the store, of three
// years of nights with 400 cases of 10 samples:
//
//	ASSAY_BIG_STORE=/tmp/big.db go test -bench ThreeYears -run none -timeout 30m ./results/store
//	ASSAY_BIG_STORE=/tmp/big.db go test -bench BigStore -run none -benchtime 3x ./cmd/assay
//
// On two cores of a Xeon, quiet: diff 0.11 s with 56 MB, and 0.08 to 0.10 s as the
// stripped program; trend 1.3 s with 148 MB, the site 5.0 s with 186 MB.
func BenchmarkBigStore(b *testing.B) {
	dsn := os.Getenv("ASSAY_BIG_STORE")
	if dsn == "" {
		b.Skip("ASSAY_BIG_STORE names no store")
	}
	self, err := os.Executable()
	require.NoError(b, err)
	for _, args := range [][]string{{"diff", "latest~1", "latest"}, {"trend"}, {"site", "--out", filepath.Join(b.TempDir(), "site")}} {
		b.Run(args[0], func(b *testing.B) {
			most := int64(0)
			for b.Loop() {
				// TestMain is the command where it is called so.
				cmd := exec.Cmd{Path: self, Args: append([]string{"assay"}, append(args, "--store", dsn)...), Stderr: os.Stderr}
				require.NoError(b, cmd.Run())
				usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
				require.True(b, ok)
				most = max(most, int64(usage.Maxrss))
			}
			b.ReportMetric(float64(most)/1000, "MB-on-Linux")
		})
	}
}
