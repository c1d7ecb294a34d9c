package line

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

func TestVerdict(t *testing.T) {
	ok := results.Record{Status: results.StatusOK, Checks: []results.Check{{OK: true}}}
	refuted := results.Record{Status: results.StatusOK, Checks: []results.Check{{OK: true}, {OK: false}, {OK: false}}}
	failed, skipped := results.Record{Status: results.StatusFailed}, results.Record{Status: results.StatusSkipped}
	for name, tt := range map[string]struct {
		records []results.Record
		status  int
		says    string
	}{
		"nothing":           {nil, StatusDone, ""},
		"all well":          {[]results.Record{ok, ok}, StatusDone, ""},
		"a refuted case":    {[]results.Record{ok, refuted}, StatusRefuted, "1 of 2 cases refute a prediction"},
		"a failed case":     {[]results.Record{ok, failed}, StatusFailed, "1 of 2 cases failed"},
		"a skipped case":    {[]results.Record{skipped, ok, ok}, StatusFailed, "1 of 3 cases failed"},
		"failed before all": {[]results.Record{refuted, failed}, StatusFailed, "1 of 2 cases failed"},
	} {
		err := Verdict(tt.records)
		assert.Equal(t, tt.status, ExitStatus(err), name)
		if tt.says != "" {
			assert.ErrorContains(t, err, tt.says, name)
		}
	}
}
