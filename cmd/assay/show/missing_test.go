package show

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

func TestPrintMissingSaysOnceWhy(t *testing.T) {
	lacking := results.Record{Measured: &results.Measured{Missing: map[string]string{"flops": "the library shows no graphs"}}}
	var out strings.Builder
	printMissing(&out, []results.Record{lacking, {}, lacking})
	assert.Equal(t, "In 2 of 3 cases flops were not measured: the library shows no graphs.\n", out.String())
	out.Reset()
	printMissing(&out, []results.Record{{Measured: &results.Measured{}}})
	assert.Empty(t, out.String())
}
