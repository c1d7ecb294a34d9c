package table_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"assay/predict/table"
)

type row struct {
	Name  string   `csv:"name"`
	Cores int      `csv:"cores"`
	Peak  *float64 `csv:"peak,omitempty"`
}

func TestRead(t *testing.T) {
	rows, err := table.Read[row]("# a note\nname,cores,peak\n\"a, b\",3,\n# between\nc,4,2.5\n")
	require.NoError(t, err)
	assert.Equal(t, []row{{"a, b", 3, nil}, {"c", 4, new(2.5)}}, rows)
	for text, want := range map[string]string{
		"":                            "no header",
		"name,cores\nx,1\n":           "peak",
		"name,cores,peak\nx,1,\ny,z,": "row 2",
	} {
		_, err := table.Read[row](text)
		assert.ErrorContains(t, err, want, text)
	}
}
