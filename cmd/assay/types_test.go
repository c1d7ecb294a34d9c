package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
)

// TestReadmeHasTheTypes: the README's table is what the command prints.
func TestReadmeHasTheTypes(t *testing.T) {
	var out, errors bytes.Buffer
	status := dispatch(t.Context(), []string{"types", "--markdown"}, line.Streams{Out: &out, Err: &errors})
	require.Zero(t, status, errors.String())
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, rest, begun := strings.Cut(string(readme), "<!-- assay types --markdown -->\n")
	table, _, ended := strings.Cut(rest, "<!-- end -->")
	require.True(t, begun && ended, "README.md has no place for what assay types prints")
	assert.Equal(t, out.String(), table, "print it again: assay types --markdown")
}
