package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"assay/cmd/assay/line"
	"assay/harness/nightly"
	"assay/results/alert"
)

func TestNightlyRefuses(t *testing.T) {
	t.Setenv("ASSAY_HOME", t.TempDir())
	for want, args := range map[string][]string{
		"one suite at a time":          {"a.yaml", "b.yaml"},
		"name the suite once":          {"a.yaml", "--suite", "b.yaml"},
		"--keep -1 cannot be negative": {"--keep", "-1"},
		"choose one":                   {"--github", "--json"},
		"none of chip, power":          {"--across", "weather"},
		"gone.yaml: no such file":      {"gone.yaml"},
	} {
		status, out, errs := call(append([]string{"nightly"}, args...)...)
		assert.Equal(t, line.StatusUsage, status, args)
		assert.Contains(t, errs, want)
		assert.Empty(t, out)
	}
}

func TestNightVerdict(t *testing.T) {
	regression := alert.Alert{Regression: true, State: alert.New}
	known := alert.Alert{Regression: true, State: alert.Ongoing}
	for name, tc := range map[string]struct {
		night nightly.Night
		want  int
	}{
		"calm":                  {nightly.Night{Cases: 3}, line.StatusDone},
		"new":                   {nightly.Night{Failed: 1, Alerts: []alert.Alert{regression}}, line.StatusRefuted},
		"known":                 {nightly.Night{Alerts: []alert.Alert{known}}, line.StatusDone},
		"a failed case":         {nightly.Night{Failed: 1, Refuted: 1}, line.StatusFailed},
		"a refuted prediction":  {nightly.Night{Refuted: 1}, line.StatusRefuted},
		"what was never judged": {nightly.Night{NotJudged: "another chip"}, line.StatusFailed},
	} {
		assert.Equal(t, tc.want, line.ExitStatus(nightVerdict(tc.night)), name)
	}
}
