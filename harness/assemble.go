package harness

import (
	"cmp"
	"fmt"
	"slices"

	"assay/results"
	"assay/results/stat"
)

// record assembles the record of a complete item from its visits.
func (x *execution) record(i int) results.Record {
	it := x.plan.Items[i]
	first := x.done[visit{i, 0}]
	rec := results.Record{
		Schema: results.Schema, RunID: x.plan.RunID, Time: first.Time, Status: results.StatusOK,
		Host: first.Host, Runtime: x.Available[it.Runtime], Case: it.Case,
		Model: modelOf(it),
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
		rec.Model.WeightBytes, rec.Model.NParams = rec.Measured.WeightBytes, rec.Measured.NParams
	}
	if first.Outcome != nil {
		rec.Checks = first.Outcome.Checks
	}
	predictInto(&rec, it)
	foretell(&rec, x.Fits)
	x.judgeInto(&rec, it)
	return rec
}

func modelOf(it Item) results.Model {
	m := results.Model{
		Ref: it.Ref, Name: it.facts.Name, Arch: it.facts.Family, FactsSHA256: it.facts.SHA256(),
		Skeleton: it.Skeleton, WeightType: it.WeightType,
	}
	if it.Runtime == mlxName {
		m.Arch = it.facts.ModelType
	}
	return m
}

// predictInto adds the prediction, the residual and the checks that set one against
// the other.
func predictInto(rec *results.Record, it Item) {
	rt, err := RuntimeNamed(it.Runtime)
	if err == nil {
		rec.Predicted, err = rt.Predict(it.facts, it.run, it.WeightType, settled(it.Case, rec.Measured), rec.Runtime)
	}
	if err != nil && rec.Measured != nil {
		rec.NotPredicted = err.Error()
	}
	if err != nil || rec.Measured == nil {
		return
	}
	rec.Residual = residual(rec.Predicted, rec.Measured)
	rec.Checks = append(rec.Checks, compare(rec.Predicted, rec.Measured)...)
}

// judgeInto adds the verdicts on rival rule sets. One that cannot be judged is a
// failed check, never a verdict.
func (x *execution) judgeInto(rec *results.Record, it Item) {
	if rec.Measured == nil {
		return
	}
	sets, err := rivals(x.Rules)
	if err == nil {
		rec.Verdicts, err = judge(sets, it, rec)
	}
	if err != nil {
		rec.Checks = append(rec.Checks, results.Check{Name: "rules", Detail: err.Error()})
	}
}

// settled is the case with what the runtime chose where it was left to choose.
func settled(c results.Case, m *results.Measured) results.Case {
	if c.FlashAttn == "auto" && m != nil && m.FlashAttn != nil {
		c.FlashAttn = map[bool]string{true: "on", false: "off"}[*m.FlashAttn]
	}
	return c
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

// residual is observation minus prediction, where both exist.
func residual(p *results.Predicted, m *results.Measured) *results.Residual {
	r := &results.Residual{
		KVBytes: minus(m.KVBytes, p.KVBytes), FLOPs: minus(m.FLOPs, p.FLOPs), WeightBytes: minus(m.WeightBytes, p.WeightBytes),
	}
	if r.KVBytes == nil && m.KVSources != nil {
		r.KVBytes = minus(m.KVSources.Log, p.KVBytes) // a plan has the log alone
	}
	if p.Seconds != nil && p.Seconds.Value > 0 && len(m.SamplesNS) > 0 {
		ratio := stat.Median(m.SamplesNS) / 1e9 / p.Seconds.Value
		r.SecondsRatio = &ratio
	}
	return r
}

func minus(a, b *int64) *int64 {
	if a == nil || b == nil {
		return nil
	}
	d := *a - *b
	return &d
}

// compare checks each predicted figure against what was measured: equality,
// since bytes and operations have no noise.
func compare(p *results.Predicted, m *results.Measured) []results.Check {
	checks := equal("kv_bytes", "measured", "bytes", p.KVBytes, m.KVBytes)
	if src := m.KVSources; p.KVBytes != nil && m.KVBytes == nil && src != nil && src.Log != nil {
		c := results.Check{Name: "kv_bytes predicted = log", OK: abs(*p.KVBytes-*src.Log) <= *src.LogPrecision}
		if !c.OK {
			c.Detail = fmt.Sprintf("predicted %d bytes, the log says %d ± %d", *p.KVBytes, *src.Log, *src.LogPrecision)
		}
		checks = append(checks, c)
	}
	if len(p.KVLayers) > 0 && len(m.KVLayers) > 0 {
		detail := differingLayer(p.KVLayers, m.KVLayers)
		checks = append(checks, results.Check{Name: "kv_layers predicted = measured", OK: detail == "", Detail: detail})
	}
	checks = append(checks, equal("weight_bytes", "loaded", "bytes", p.WeightBytes, m.WeightBytes)...)
	checks = append(checks, equal("flops", "executed", "operations", p.FLOPs, m.FLOPs)...)
	return append(checks, costsAgree(p.Cost, m.Cost)...)
}

// equal checks a figure where both sides have it; found is how the second was.
func equal(figure, found, unit string, p, m *int64) []results.Check {
	if p == nil || m == nil {
		return nil
	}
	c := results.Check{Name: figure + " predicted = " + found, OK: *p == *m}
	if !c.OK {
		c.Detail = fmt.Sprintf("predicted %d, %s %d %s", *p, found, *m, unit)
	}
	return []results.Check{c}
}

// differingLayer names the first layer in which two caches differ, or is empty.
// The measured side knows sizes but not why: of the classes only recurrent ones
// are told apart, and their cells are not visible in every release.
func differingLayer(p, m []results.KVLayer) string {
	p, m = sortedLayers(p), sortedLayers(m)
	if len(p) != len(m) {
		return fmt.Sprintf("predicted %d layers with a cache, measured %d", len(p), len(m))
	}
	for i := range p {
		want, got := p[i], m[i]
		want.Class, got.Class = "", ""
		if p[i].Class == classRecurrent {
			want.Cells, got.Cells = 0, 0
		}
		if want != got {
			return fmt.Sprintf("layer %d: predicted %d cells, K %d, V %d bytes; layer %d: measured %d cells, K %d, V %d bytes",
				want.Layer, want.Cells, want.KBytes, want.VBytes, got.Layer, got.Cells, got.KBytes, got.VBytes)
		}
	}
	return ""
}

// sortedLayers are the layers that have a cache of their own, by number, a
// recurrent part behind the attention of the same layer.
func sortedLayers(layers []results.KVLayer) []results.KVLayer {
	own := slices.DeleteFunc(slices.Clone(layers), func(l results.KVLayer) bool { return l.KBytes+l.VBytes == 0 })
	slices.SortStableFunc(own, func(a, b results.KVLayer) int {
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), compareBool(a.Class == classRecurrent, b.Class == classRecurrent))
	})
	return own
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
