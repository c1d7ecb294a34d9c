package record

import (
	"fmt"

	"assay/harness/failure"
	"assay/harness/runtime"
	"assay/harness/runtimes"
	"assay/harness/subject"
	"assay/predict/cost"
	"assay/predict/kv"
	"assay/predict/rules"
	"assay/results"
)

// NoRules as the only rule set means that none is judged.
const NoRules = "none"

// Rivals are the rule sets of those names; all but the exact one if there is none.
func Rivals(names []string) ([]rules.Set, error) {
	var out []rules.Set
	switch {
	case len(names) == 1 && names[0] == NoRules:
		return nil, nil
	case len(names) == 0:
		for _, s := range rules.Sets() {
			if s.Name != runtime.ExactRules {
				out = append(out, s)
			}
		}
		return out, nil
	}
	for _, name := range names {
		s, err := rules.Lookup(name)
		if err != nil {
			return nil, failure.Input(err)
		}
		out = append(out, s)
	}
	return out, nil
}

// Judged holds each rule set against what was measured. The cache is the model's
// own, whatever stood in for it; arithmetic and weights are judged only where the
// model was run in its full shape, since rules derive sizes from one another.
func Judged(sets []rules.Set, it subject.Item, rec *results.Record) ([]results.Verdict, error) {
	rt, err := runtimes.Named(it.Runtime)
	if err != nil {
		return nil, err
	}
	params, spoken := rt.Rivals(settled(it.Case, rec.Measured), rec.Runtime)
	if !spoken {
		return nil, nil
	}
	c := rules.Case{Facts: it.Facts, Params: params, Weights: it.WeightType}
	seen := rules.Observed{KVBytes: rec.Measured.KVBytes}
	for _, l := range rec.Measured.KVLayers {
		seen.KVLayers = append(seen.KVLayers, kv.Layer{Layer: l.Layer, Class: kv.Class(l.Class), Cells: l.Cells,
			KBytes: l.KBytes, VBytes: l.VBytes})
	}
	if it.Skeleton != runtime.SkeletonKV {
		seen.FLOPs, seen.WeightBytes, seen.Params = rec.Measured.FLOPs, rec.Measured.WeightBytes, rec.Model.NParams
		c.Work = workOf(it.Case, it.WeightType)
	}
	var out []results.Verdict
	for _, s := range sets {
		verdicts, err := rules.Judge(s, c, seen)
		if err != nil {
			return nil, fmt.Errorf("rule set %s: %w", s.Name, err)
		}
		for _, v := range verdicts {
			out = append(out, results.Verdict{
				Rules: v.Rules, Figure: string(v.Figure), Predicted: v.Predicted, Measured: v.Measured,
				Confirmed: v.Confirmed, Because: v.Because(), Chief: v.Chief(),
			})
		}
	}
	return out, nil
}

// workOf is the case's work where it is of one kind; nil for a case that is both.
func workOf(c results.Case, weightType string) *cost.Work {
	switch {
	case c.NPrompt > 0 && c.NGen == 0:
		return &cost.Work{Kind: cost.Prefill, NPrompt: c.NPrompt, NDepth: c.NDepth, Weights: weightType}
	case c.NGen > 0 && c.NPrompt == 0:
		return &cost.Work{Kind: cost.Decode, NGen: c.NGen, NDepth: c.NDepth, Weights: weightType}
	}
	return nil
}

// settled is the case with what the runtime chose where it was left to choose.
func settled(c results.Case, m *results.Measured) results.Case {
	if c.FlashAttn == "auto" && m != nil && m.FlashAttn != nil {
		c.FlashAttn = map[bool]string{true: "on", false: runtime.FlashTurnedOff}[*m.FlashAttn]
	}
	return c
}
