package run

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/home"
	"assay/harness/worker/workertest"
	"assay/native/llama"
	"assay/results"
)

// TestEveryRelease runs a small case against each release of llama.cpp in
// assay's cache; 'assay libs install --release all' puts them there.
func TestEveryRelease(t *testing.T) {
	workertest.NeedLlama(t)
	dirs, err := home.Find()
	require.NoError(t, err)
	folders, err := filepath.Glob(dirs.Libs(llama.Spec().Product, "*"))
	require.NoError(t, err)
	if len(folders) == 0 {
		t.Skipf("needs releases in %s: assay libs install --release all", dirs.Libs(llama.Spec().Product, ""))
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			t.Setenv(llama.Spec().Env, folder)
			var records []results.Record
			r := newRunner(t, &records)
			s, items := smallSuite(t)
			require.NoError(t, run(t, t.Context(), r, s, items[:1]))
			require.Len(t, records, 1)
			rec := records[0]
			require.Equal(t, results.StatusOK, rec.Status, rec.Error)
			assert.Contains(t, rec.Runtime.Path, folder)
			assert.Equal(t, rec.Predicted.KVBytes, rec.Measured.KVBytes)
			assert.Equal(t, rec.Predicted.FLOPs, rec.Measured.FLOPs)
			require.NotEmpty(t, rec.Checks)
			for _, c := range rec.Checks {
				assert.True(t, c.OK, "%s: %s", c.Name, c.Detail)
			}
			t.Logf("exercised: llama.cpp %s", filepath.Base(folder))
		})
	}
}
