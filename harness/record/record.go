// Package record sets the prediction beside the observation: residuals, checks,
// verdicts on rival rules, and the time by a fit. It does not know how the
// observation came about.
package record

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/results"
	"assay/results/stat"
)

// Predict adds the prediction, the residual and the checks that set one against
// the other.
func Predict(rec *results.Record, it subject.Item) {
	rt, err := runtimes.Named(it.Runtime)
	if err == nil {
		rec.Predicted, err = rt.Predict(it.Facts, it.Run, it.WeightType, settled(it.Case, rec.Measured), rec.Runtime)
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

// Judge adds the verdicts on rival rule sets. One that cannot be judged is a
// failed check, never a verdict.
func Judge(rec *results.Record, it subject.Item, names []string) {
	if rec.Measured == nil {
		return
	}
	sets, err := Rivals(names)
	if err == nil {
		rec.Verdicts, err = Judged(sets, it, rec)
	}
	if err != nil {
		rec.Checks = append(rec.Checks, results.Check{Name: "rules", Detail: err.Error()})
	}
}

// residual is observation minus prediction, where both exist.
func residual(p *results.Predicted, m *results.Measured) *results.Residual {
	r := &results.Residual{
		KVBytes: minus(m.KVBytes, p.KVBytes), FLOPs: minus(m.FLOPs, p.FLOPs), WeightBytes: minus(m.WeightBytes, p.WeightBytes),
	}
	if pm, mm := p.Memory, m.Memory; pm != nil && mm != nil {
		r.ComputeBytes, r.OutputBytes = minus(mm.ComputeBytes, pm.ComputeBytes), minus(mm.OutputBytes, pm.OutputBytes)
		r.RepackBytes = minus(mm.RepackBytes, pm.RepackBytes)
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
		c := results.Check{Name: "kv_bytes predicted = log", OK: src.LogAgrees(*p.KVBytes)}
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
	if pm, mm := p.Memory, m.Memory; pm != nil && mm != nil {
		checks = append(checks, computeNearLog(pm, mm)...)
		checks = append(checks, nearLog("output_bytes", pm.OutputBytes, mm.OutputBytes)...)
		checks = append(checks, nearLog("repack_bytes", pm.RepackBytes, mm.RepackBytes)...)
	}
	checks = append(checks, placementsAgree(p.Placement, m.Placement)...)
	return append(checks, costsAgree(p.Cost, m.Cost)...)
}

// computeNearLog checks the buffers of each device by itself, where they are known apart:
// the log rounds each of them.
func computeNearLog(p, m *results.Memory) []results.Check {
	var all []results.Check
	for _, device := range slices.Sorted(maps.Keys(p.Devices)) {
		if logged := m.Devices[device]; logged != nil {
			all = append(all, nearLog("compute_bytes of "+device, p.Devices[device].ComputeBytes, logged.ComputeBytes)...)
		}
	}
	if len(all) == 0 {
		return nearLog("compute_bytes", p.ComputeBytes, m.ComputeBytes)
	}
	return all
}

// nearLog checks a size against what the library printed, within its rounding.
func nearLog(figure string, p, log *int64) []results.Check {
	if p == nil || log == nil {
		return nil
	}
	c := results.Check{Name: figure + " predicted = log", OK: max(*p-*log, *log-*p) <= results.LogRounding}
	if !c.OK {
		c.Detail = fmt.Sprintf("predicted %d bytes, the log says %d ± %d", *p, *log, results.LogRounding)
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
		if want.Device == "" || got.Device == "" { // not predicted, or not seen
			want.Device, got.Device = "", ""
		}
		if p[i].Class == runtime.ClassRecurrent {
			want.Cells, got.Cells = 0, 0
		}
		if want != got {
			if want.Device != got.Device {
				return fmt.Sprintf("layer %d: its cache is predicted on %s, and lies on %s", want.Layer, want.Device, got.Device)
			}
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
		return cmp.Or(cmp.Compare(a.Layer, b.Layer), compareBool(a.Class == runtime.ClassRecurrent, b.Class == runtime.ClassRecurrent))
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
