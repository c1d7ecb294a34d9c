package results_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/results"
)

func TestTally(t *testing.T) {
	held, silent, refuted, skipped, failed := decode("r"), decode("r"), decode("r"), decode("r"), decode("r")
	held.Checks = []results.Check{{Name: "kv_bytes", OK: true}}
	silent.NotPredicted = "no rule for this architecture"
	refuted.Checks = []results.Check{{Name: "kv_bytes", OK: true}, {Name: "flops"}, {Name: "state"}}
	refuted.NotPredicted = "nor this"
	skipped.Status, failed.Status = results.StatusSkipped, results.StatusFailed
	failed.Checks = refuted.Checks
	held.Host.Unfit, silent.Host.Unfit = []string{"hot", "busy"}, []string{"hot"}

	all := results.Count([]results.Record{held, silent, refuted, skipped, failed})
	assert.Equal(t, results.Tally{
		Cases: 5, Held: 1, NotPredicted: 1, Refuted: 1, Skipped: 1, Failed: 1, Checks: 7, Broken: 4, Unfit: 2, Reasons: []string{"hot", "busy"},
	}, all)
	for _, tc := range []struct {
		records []results.Record
		want    results.Outcome
		says    string
	}{
		{nil, results.Held, ""},
		{[]results.Record{held}, results.Held, ""},
		{[]results.Record{held, silent}, results.NotPredicted, ""},
		{[]results.Record{silent, refuted}, results.Refuted, "1 of 2 cases refute a prediction or have sources that disagree"},
		{[]results.Record{skipped, refuted}, results.Failed, "1 of 2 cases failed or were skipped"},
		{[]results.Record{skipped, failed, held}, results.Failed, "2 of 3 cases failed or were skipped"},
	} {
		outcome, says := results.Count(tc.records).Verdict()
		assert.Equal(t, tc.want, outcome)
		assert.Equal(t, tc.says, says)
	}
	assert.Equal(t, "not predicted", silent.Outcome().String())
	assert.Equal(t, "failed", failed.Outcome().String())
}
