package record

import (
	"fmt"
	"strings"

	"assay/results"
	"assay/results/logit"
)

// CameOut judges what came out of a case: values that are not numbers fail it, and
// a check says whether the cases of the run before it that must come to the same
// output did. Without any there is no check.
func CameOut(rec *results.Record, before []results.Record) {
	if rec.Measured == nil || rec.Measured.Output == nil {
		return
	}
	if out := rec.Measured.Output; rec.Measured.Garbage() {
		rec.Status = results.StatusFailed
		rec.Error = fmt.Sprintf("what came out is not a number: %d logits, the first behind token %d of the %s sequence; its times mean nothing",
			out.NaN, *out.FirstNaN, out.Sequence)
		return
	}
	var worst *logit.Agreement
	var with results.Record
	for _, other := range before {
		if g := agreement(other, *rec); g != nil && (worst == nil || g.Off/g.Allowed > worst.Off/worst.Allowed) {
			worst, with = g, other
		}
	}
	if worst == nil {
		return
	}
	check := results.Check{Name: results.OutputCheck, OK: worst.Holds()}
	if !check.OK {
		check.Detail = fmt.Sprintf("%s: %s", difference(with, *rec), worst)
	}
	rec.Checks = append(rec.Checks, check)
}

// agreement judges two records of a run; nil where they need not agree.
func agreement(a, b results.Record) *logit.Agreement {
	if a.Status != results.StatusOK || a.Measured == nil || a.Predicted == nil || b.Predicted == nil || !results.SameOutput(a, b) {
		return nil
	}
	return logit.Agree(a.Measured.Output, b.Measured.Output, a.Predicted.OutputNoise, b.Predicted.OutputNoise)
}

// difference says in which settings the second differs from the first.
func difference(a, b results.Record) string {
	words := results.Apart([]results.Case{a.Case, b.Case})
	second := strings.TrimSpace(b.Case.Test() + " " + strings.Join(words[1], " "))
	return fmt.Sprintf("%s against %s", second, strings.TrimSpace(a.Case.Test()+" "+strings.Join(words[0], " ")))
}
