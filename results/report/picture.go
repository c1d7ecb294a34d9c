package report

import (
	"assay/results"
)

// mostSeries is how many series a chart holds before the next begins.
const mostSeries = 4

// groups splits records by a name, in the order of first appearance.
func groups(records []results.Record, name func(results.Record) string) (names []string, by map[string][]results.Record) {
	by = map[string][]results.Record{}
	for _, r := range records {
		n := name(r)
		if n == "" {
			continue
		}
		if _, ok := by[n]; !ok {
			names = append(names, n)
		}
		by[n] = append(by[n], r)
	}
	return names, by
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
