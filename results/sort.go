package results

import (
	"cmp"
	"slices"
	"strings"
)

// Sort orders a run's records as people look for them: runtime, model, kind, then
// depth, context and cache.
func Sort(records []Record) {
	kinds := []Kind{KindPlan, KindKV, KindPrefill, KindDecode}
	slices.SortStableFunc(records, func(a, b Record) int {
		return cmp.Or(
			strings.Compare(a.Runtime.Name, b.Runtime.Name),
			strings.Compare(a.Model.Skeleton, b.Model.Skeleton),
			strings.Compare(a.Model.Ref, b.Model.Ref),
			strings.Compare(a.Model.Weights(), b.Model.Weights()),
			cmp.Compare(slices.Index(kinds, a.Case.Kind), slices.Index(kinds, b.Case.Kind)),
			cmp.Compare(a.Case.NDepth, b.Case.NDepth),
			cmp.Compare(a.Case.NCtx, b.Case.NCtx),
			strings.Compare(a.Case.TypeK, b.Case.TypeK),
			compareBools(a.Case.SWAFull, b.Case.SWAFull),
		)
	})
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
