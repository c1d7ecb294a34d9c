package run

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A journal has one owner, and is gone on with by the command that began it.
func TestAJournalHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	live, err := createJournal(dir, plan{RunID: "live"})
	require.NoError(t, err)
	_, err = resumeJournal(dir, "live", "")
	assert.ErrorContains(t, err, "run live is running (process ")
	_, err = resumeJournal(dir, "", "")
	assert.ErrorContains(t, err, "there is no interrupted run")
	assert.ErrorContains(t, err, "run live is running")
	require.NoError(t, live.file.Close())
	j, err := resumeJournal(dir, "", "")
	require.NoError(t, err, "its owner is gone")
	_, err = resumeJournal(dir, "live", "")
	assert.ErrorContains(t, err, "is running")
	require.NoError(t, j.file.Close())

	night, err := createJournal(dir, plan{RunID: "night", Purpose: "nightly"})
	require.NoError(t, err)
	require.NoError(t, night.file.Close())
	_, err = resumeJournal(dir, "night", "")
	assert.ErrorContains(t, err, "run night was begun by 'assay nightly', which goes on with it")
	j, err = resumeJournal(dir, "", "")
	require.NoError(t, err, "a night's run is passed over")
	assert.Equal(t, "live", j.plan.RunID)
	require.NoError(t, j.file.Close())
}

// Whatever a journal says it is of, only the run that it is named after is touched.
func TestAJournalsIDIsChecked(t *testing.T) {
	dir := t.TempDir()
	runs := filepath.Join(dir, "runs")
	require.NoError(t, os.Mkdir(runs, 0o755))
	for name, text := range map[string]string{
		"evil": `{"run_id":"../../../evil"}` + "\n", "other": `{"run_id":"evil"}` + "\n", "none": "{}\n",
	} {
		require.NoError(t, os.WriteFile(journalPath(runs, name), []byte(text), 0o644))
		_, err := resumeJournal(runs, name, "")
		assert.ErrorContains(t, err, "it was renamed or changed")
	}
	for _, id := range []string{"../evil", "../../evil", "a/b", "-x"} {
		_, err := resumeJournal(runs, id, "")
		assert.ErrorContains(t, err, "cannot name a run")
	}
	victim := filepath.Join(dir, "victim")
	require.NoError(t, os.WriteFile(victim, []byte(`{"run_id":"link"}`+"\n"), 0o644))
	require.NoError(t, os.Symlink(victim, journalPath(runs, "link")))
	_, err := resumeJournal(runs, "link", "")
	assert.Error(t, err, "a link is not followed")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 2)
}
