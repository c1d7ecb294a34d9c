package record

import (
	"fmt"
	"maps"
	"slices"

	"assay/harness/runtime"
	"assay/results"
)

// classExperts is the class of a term whose bytes are expected, not known.
const classExperts = "experts"

// costsAgree checks a predicted cost against the executed graph. Which experts
// are chosen is known only then: their bytes must lie between the fewest and the
// most possible.
func costsAgree(p, m *results.Cost) []results.Check {
	if p == nil || m == nil {
		return nil
	}
	checks := equal("steps", "executed", "graphs", &p.Steps, &m.Steps)
	checks = append(checks, equal("nodes", "executed", "nodes", p.Nodes, m.Nodes)...)
	detail := differingTerm(termsOf(p), termsOf(m))
	checks = append(checks, results.Check{Name: "terms predicted = executed", OK: detail == "", Detail: detail})
	checks = append(checks, equal("kv_write_bytes", "executed", "bytes", &p.KVWriteBytes, &m.KVWriteBytes)...)
	checks = append(checks, equal("activation_bytes", "executed", "bytes", &p.ActivationBytes, &m.ActivationBytes)...)
	if p.ExpertBytes != nil {
		checks = append(checks, expertsAgree(*p.ExpertBytes, m))
	}
	return checks
}

func expertsAgree(bounds [2]int64, m *results.Cost) results.Check {
	var touched int64
	for _, t := range m.Terms {
		if t.Class == classExperts {
			touched += t.Bytes
		}
	}
	c := results.Check{Name: "expert bytes within bounds", OK: bounds[0] <= touched && touched <= bounds[1]}
	if !c.OK {
		c.Detail = fmt.Sprintf("%d bytes of experts were touched, %d to %d were possible", touched, bounds[0], bounds[1])
	}
	return c
}

// termsOf are operations and bytes by class and type. What attention rotates and
// multiplies has several types, of which a prediction names one.
func termsOf(c *results.Cost) map[string][2]int64 {
	sums := map[string][2]int64{}
	for _, t := range c.Terms {
		name, bytes := t.Class+" "+t.Type, t.Bytes
		switch t.Class {
		case runtime.ClassAttention:
			name = t.Class
		case classExperts:
			bytes = 0
		}
		had := sums[name]
		sums[name] = [2]int64{had[0] + t.FLOPs, had[1] + bytes}
	}
	return sums
}

// differingTerm names the first term in which two costs differ, or is empty.
func differingTerm(p, m map[string][2]int64) string {
	all := maps.Clone(p)
	maps.Copy(all, m)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if p[name] != m[name] {
			return fmt.Sprintf("%s: predicted %d operations and %d bytes, executed %d and %d",
				name, p[name][0], p[name][1], m[name][0], m[name][1])
		}
	}
	return ""
}
