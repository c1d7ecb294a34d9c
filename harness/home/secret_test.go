package home

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A secret comes from where others do not see it, and is in no error.
func TestSecret(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "hook")
	require.NoError(t, os.WriteFile(file, []byte("from a file\nmore\n"), 0o600))
	get := func(given string) string {
		s, err := Secret(given, "ASSAY_TEST_SECRET")
		require.NoError(t, err)
		return s
	}
	assert.Empty(t, get(""))
	assert.Equal(t, "given", get("given"))
	assert.Equal(t, "from a file", get("@"+file))
	t.Setenv("ASSAY_TEST_SECRET_FILE", file)
	assert.Equal(t, "from a file", get(""))
	t.Setenv("ASSAY_TEST_SECRET", "from the environment")
	assert.Equal(t, "from the environment", get(""))
	assert.Equal(t, "given", get("given"))
	for _, bad := range []string{"@" + filepath.Join(dir, "none"), "@" + dir, "@/dev/zero"} {
		_, err := Secret(bad, "ASSAY_TEST_SECRET")
		assert.Error(t, err)
	}
}

func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	first, err := os.Create(name)
	require.NoError(t, err)
	second, err := os.Open(name)
	require.NoError(t, err)
	defer second.Close()
	require.NoError(t, Lock(first))
	assert.ErrorIs(t, Lock(second), ErrLocked)
	require.NoError(t, first.Close())
	assert.NoError(t, Lock(second))
}

func TestChildrenGetNoSecrets(t *testing.T) {
	for _, name := range []string{"HF_TOKEN", "PGPASSWORD", "NPM_TOKEN", "AWS_SECRET_ACCESS_KEY", "ASSAY_WEBHOOK",
		"ASSAY_STORE", "OPENAI_API_KEY"} {
		t.Setenv(name, "SECRET")
	}
	t.Setenv("ASSAY_LLAMA_LIB", "kept")
	env := Environ()
	assert.NotContains(t, strings.Join(env, "\n"), "SECRET")
	assert.Contains(t, env, "ASSAY_LLAMA_LIB=kept")
}
