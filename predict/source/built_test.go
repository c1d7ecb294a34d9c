package source_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/source"
)

// TestBuiltConfig: facts that a config keeps come back; an edited one that
// would make no sense of later is refused with the place.
func TestBuiltConfig(t *testing.T) {
	facts := load(t, "gemma-3n-e4b")
	raw, err := json.Marshal(map[string]any{"schema": source.BuiltSchema, "architecture": facts})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "built.json")
	write(t, path, string(raw))
	assert.Equal(t, facts.SHA256(), load(t, path).SHA256())

	for _, c := range []struct{ from, to, want string }{
		{`"shared_from":18`, `"shared_from":30`, "reads the cache of layer 30"},
		{`"shared_from":18`, `"shared_from":-1`, "reads the cache of layer -1"},
		{`"window":512`, `"window":-512`, "a window of -512 tokens"},
		{`"hidden":2048`, `"hidden":0`, "make no model"},
		{`"hidden":2048`, `"hidden":"2048"`, "build the config again"},
	} {
		edited := strings.Replace(string(raw), c.from, c.to, 1)
		require.NotEqual(t, string(raw), edited, c.from)
		write(t, path, edited)
		_, err := source.Load(context.Background(), path, source.Options{})
		assert.ErrorContains(t, err, c.want)
	}
}
