package show

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

// Rows of one test show the settings in which they differ, and a column that
// would be empty is left out.
func TestRowsAreToldApart(t *testing.T) {
	timed := func(weights string, c results.Case) results.Record {
		c.Kind, c.NGen = results.KindDecode, 8
		return results.Record{Status: results.StatusOK, Model: results.Model{Name: "m", WeightType: weights}, Case: c}
	}
	for name, tt := range map[string]struct {
		records []results.Record
		rows    []string
	}{
		"one":            {[]results.Record{timed("", results.Case{FlashAttn: "on"})}, []string{"tg8 - -"}},
		"by weight type": {[]results.Record{timed("f16", results.Case{}), timed("q8_0", results.Case{})}, []string{"f16 tg8 -", "q8_0 tg8 -"}},
		"by depth":       {[]results.Record{timed("", results.Case{NDepth: 4}), timed("", results.Case{})}, []string{"tg8 -", "tg8 @ d4 -"}},
		"by flash attention": {
			[]results.Record{timed("", results.Case{FlashAttn: "on", NThreads: 2}), timed("", results.Case{FlashAttn: "off", NThreads: 2})},
			[]string{"tg8 fa=on -", "tg8 fa=off -"},
		},
		"by cache type": {
			[]results.Record{timed("", results.Case{TypeK: "f16", TypeV: "f16"}), timed("", results.Case{TypeK: "f16", TypeV: "q8_0"})},
			[]string{"tg8 -", "tg8 ctv=q8_0 -"},
		},
	} {
		var out strings.Builder
		sortRecords(tt.records)
		printRecords(&out, tt.records)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")[2:]
		for i, want := range tt.rows {
			assert.Contains(t, strings.Join(strings.Fields(lines[i]), " "), want, name)
		}
	}
}
