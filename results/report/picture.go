package report

import (
	"html/template"

	"assay/results"
)

// Picture is a chart with what it shows in words.
type Picture struct {
	Title   string
	SVG     template.HTML
	Legend  []entry
	Caption string
}

// entry explains a colour.
type entry struct{ Class, Label string }

// colours are the classes of the style sheet for series, in order.
var colours = []string{"c1", "c2", "c3", "c4"}

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
