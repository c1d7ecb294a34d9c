package home_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/harness/home"
)

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "report.html")
	require.NoError(t, home.WriteFile(name, []byte("first")))
	require.NoError(t, home.WriteFile(name, []byte("second")))
	link := filepath.Join(dir, "latest")
	require.NoError(t, os.Symlink(name, link))
	require.NoError(t, home.WriteFile(link, []byte("third")))
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, "third", string(text), "what the link names is written")
	info, err := os.Lstat(link)
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&os.ModeSymlink, "and the link stays")
	info, err = os.Stat(name)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 2, "nothing is left beside")

	err = home.WriteFile(filepath.Join(dir, "no", "such"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Error(t, home.WriteFile(dir, []byte("x")), "a folder is no file")
}

// A pipe is written into: a file in its place would never be read.
func TestWriteFileIntoAPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	require.ErrorContains(t, home.WriteFile(name, []byte("lost")), "is a pipe that nobody reads")
	read := make(chan string)
	go func() {
		f, err := os.Open(name)
		assert.NoError(t, err)
		text, err := io.ReadAll(f)
		assert.NoError(t, err)
		read <- string(text)
	}()
	text := strings.Repeat("through", 100_000) // more than a pipe holds
	require.Eventually(t, func() bool { return home.WriteFile(name, []byte(text)) == nil }, time.Second, time.Millisecond)
	assert.Equal(t, len(text), len(<-read))
}
