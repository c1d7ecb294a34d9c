package archive

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/results"
)

func TestCutRelease(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a@b.jsonl")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, tt := range [][3]string{
		{"latest@b8390", "latest", "b8390"}, {"latest", "latest", ""}, {file, file, ""}, {"x@y@v0.5.0", "x@y", "v0.5.0"}, {"@b1", "@b1", ""},
	} {
		run, release := cutRelease(tt[0])
		assert.Equal(t, tt[1:], []string{run, release})
	}
}

// Cases of two releases are the same case once one release is chosen.
func TestOnlyRelease(t *testing.T) {
	old, recent := results.Record{Case: results.Case{NCtx: 1, Release: "b8390"}},
		results.Record{Case: results.Case{NCtx: 1, Release: "v0.5.0"}}
	run := results.Run{ID: "r", Records: []results.Record{old, recent, {}}}
	base, err := onlyRelease(run, "b8390")
	require.NoError(t, err)
	head, err := onlyRelease(run, "v0.5.0")
	require.NoError(t, err)
	require.Len(t, base.Records, 1)
	assert.Equal(t, base.Records[0].Key(), head.Records[0].Key())
	assert.NotEqual(t, old.Key(), recent.Key())
	assert.Len(t, run.Records, 3, "the run itself stays")
	_, err = onlyRelease(run, "b1")
	assert.EqualError(t, err, "run r has no release b1; it has b8390, v0.5.0")
	_, err = onlyRelease(results.Run{ID: "r", Records: []results.Record{{}}}, "b1")
	assert.EqualError(t, err, "run r was not of several releases; leave @b1 out")
}
