package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/cmd/assay/line"
	"assay/harness/doctor"
)

// What could not be written is not said to be, and what was found is printed all the same.
func TestCheckupSaysWhatItWrote(t *testing.T) {
	dir := t.TempDir()
	for file, written := range map[string]bool{filepath.Join(dir, "x.json"): true, filepath.Join(dir, "gone", "x.json"): false} {
		var out strings.Builder
		err := toldCheck(line.Streams{Out: &out}, doctor.Checkup{}, file, false)
		assert.Equal(t, written, err == nil, file)
		assert.Equal(t, written, strings.Contains(out.String(), "wrote"), out.String())
		require.Contains(t, out.String(), "0 held")
	}
}
