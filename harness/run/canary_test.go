package run

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/llamacpp"
	"assay/harness/mlx"
	"assay/harness/runtimes"
	"assay/harness/suite"
	"assay/results"
)

// smallCanary takes a fraction of a second.
func smallCanary(t *testing.T, runtimes ...string) (*Canary, error) {
	t.Helper()
	s, err := suite.Parse("canary", []byte(`
samples: 3
cases:
  - models: [preset:smollm2-135m]
    runtimes: [llama.cpp]
    skeleton: kv
    kinds: [decode]
    n_gen: [2]
    n_threads: [1]
`))
	require.NoError(t, err)
	return newCanary(t.Context(), &s, runtimes)
}

func TestCanary(t *testing.T) {
	var records []results.Record
	r := newRunner(t, &records)
	s, items := smallSuite(t)
	var err error
	r.Canary, err = smallCanary(t, llamacpp.Name)
	require.NoError(t, err)
	require.NoError(t, run(t, t.Context(), r, s, items))

	readings, err := CanaryReadings(r.Home.Runs(), testRun)
	require.NoError(t, err)
	assert.Len(t, readings, 3, "before, between and after the two visits of the one timed case")
	for _, rec := range records {
		if rec.Case.Kind != results.KindDecode {
			assert.Empty(t, rec.Measured.CanaryNS)
			continue
		}
		want := []int64{readings[0].NS, readings[1].NS, readings[1].NS, readings[2].NS}
		assert.Equal(t, want, rec.Measured.CanaryNS)
	}
	assert.True(t, slices.IsSortedFunc(readings, func(a, b CanaryReading) int { return a.Time.Compare(b.Time) }))
}

// A canary that fails costs nothing but itself.
func TestCanaryFails(t *testing.T) {
	var records []results.Record
	r := newRunner(t, &records)
	s, items := smallSuite(t)
	var err error
	r.Canary, err = smallCanary(t, llamacpp.Name)
	require.NoError(t, err)
	r.Canary.items[llamacpp.Name].Case.TypeK = "no type"
	require.NoError(t, run(t, t.Context(), r, s, items))
	for _, rec := range records {
		assert.Equal(t, results.StatusOK, rec.Status, rec.Error)
		assert.Empty(t, rec.Measured.CanaryNS)
	}
	readings, err := CanaryReadings(r.Home.Runs(), testRun)
	assert.Empty(t, readings)
	assert.ErrorContains(t, err, `the canary failed and was left out from then on: making a context: type_k "no type"`)
}

func TestNewCanary(t *testing.T) {
	_, err := smallCanary(t, mlx.Name)
	assert.ErrorContains(t, err, "no timed case")
	s, err := suite.Canary()
	require.NoError(t, err)
	for _, rt := range runtimes.All() {
		c, err := newCanary(t.Context(), &s, []string{rt.Name()})
		require.NoError(t, err)
		assert.Equal(t, [2]int{64, 8}, [2]int{c.items[rt.Name()].Case.NPrompt, c.items[rt.Name()].Case.NGen})
	}
}

func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	started := time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)
	s, err := suite.Builtin()
	require.NoError(t, err)
	other := s
	other.Rounds++
	begin := func(id, purpose string, at time.Time, s suite.Suite) *journal {
		j, err := createJournal(dir, plan{RunID: id, Started: at, Purpose: purpose, Suite: s})
		require.NoError(t, err)
		return j
	}
	left := func(j *journal) { require.NoError(t, j.file.Close()) }
	left(begin("1", "nightly", started.AddDate(0, 0, -3), s))
	left(begin("2", "nightly", started, s))
	left(begin("3", "nightly", started, other))
	left(begin("4", "", started, s))
	live := begin("7", "nightly", started, s)
	defer live.file.Close()
	require.NoError(t, begin("5", "nightly", started, s).finish())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "6"+journalSuffix), []byte("{"), 0o644))

	id, err := Interrupted(dir, "nightly", s, started.Add(-time.Hour))
	require.NoError(t, err)
	assert.Equal(t, "2", id)
	id, err = Interrupted(dir, "nightly", s, started.Add(time.Hour))
	require.NoError(t, err)
	assert.Empty(t, id, "what is too old is not gone on with")
}
