package run

import (
	"cmp"
	"slices"

	"assay/harness/record"
	"assay/harness/subject"
	"assay/results"
)

// record assembles the record of a complete item from its visits.
func (x *execution) record(i int) results.Record {
	it := x.plan.Items[i]
	first := x.done[visit{i, 0}]
	rec := results.Record{
		Schema: results.Schema, RunID: x.plan.RunID, Time: first.Time, Status: results.StatusOK,
		Host: first.Host, Runtime: x.library(it).runtime, Case: it.Case,
		Model: subject.ModelOf(it),
	}
	for round := range x.plan.Suite.MaxRounds {
		e, ok := x.done[visit{i, round}]
		if !ok {
			continue
		}
		if e.Failure != "" {
			rec.Status, rec.Error, rec.Log = results.StatusFailed, e.Failure, e.Log
			if e.Skipped {
				rec.Status = results.StatusSkipped
			}
		}
		if e.Outcome != nil {
			rec.Runtime = e.Outcome.Runtime
		}
		rec.Host.Unfit = union(rec.Host.Unfit, e.Host.Unfit)
		if e.Host.ThermalAfter != "" {
			rec.Host.ThermalAfter = e.Host.ThermalAfter
		}
	}
	if rec.Measured = x.merge(i); rec.Measured != nil {
		rec.Measured.CanaryNS = x.canaryOf(i)
		rec.Measured.TokensPerSecond = results.Speed(rec.Measured.SamplesNS, it.Case.Tokens())
		rec.Measured.Spread = results.SpreadOf(rec.Measured.SamplesNS, rec.Measured.Rounds)
		rec.Model.WeightBytes, rec.Model.NParams = rec.Measured.WeightBytes, cmp.Or(rec.Measured.NParams, rec.Model.NParams)
	}
	if first.Outcome != nil {
		rec.Checks = first.Outcome.Checks
	}
	record.Predict(&rec, it)
	record.Foretell(&rec, x.Fits)
	record.Judge(&rec, it, x.Rules)
	return rec
}

// merge joins what the item's visits measured: counts from the first, samples
// from all. It is nil when nothing was measured.
func (x *execution) merge(i int) *results.Measured {
	var m *results.Measured
	for round := range x.plan.Suite.MaxRounds {
		e, ok := x.done[visit{i, round}]
		if !ok || e.Outcome == nil || e.Outcome.Measured == nil {
			continue
		}
		got := e.Outcome.Measured
		if m == nil {
			first := *got
			first.SamplesNS, m = slices.Clone(got.SamplesNS), &first
		} else {
			m.SamplesNS = append(m.SamplesNS, got.SamplesNS...)
			m.Dropped += got.Dropped
		}
		for range got.SamplesNS {
			m.Rounds = append(m.Rounds, round)
		}
	}
	return m
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(slices.Clip(a), s)
		}
	}
	return a
}
