package report

import (
	"slices"
	"strings"

	"assay/results"
	"assay/results/draw"
	"assay/results/figure"
)

// The bars of one chart: at most so many series, and so many in all.
const mostBarSeries, mostBars = 6, 24

// groupedFigures draws the speed of one model's tests in each of the weights' types and
// settings that the run has of it, one figure a model; models that have one are left out.
func groupedFigures(records []results.Record) []draw.Picture {
	var all []draw.Picture
	names, by := groups(records, func(r results.Record) string {
		if r.Measured == nil || r.Measured.TokensPerSecond == nil {
			return ""
		}
		return unweighed(r)
	})
	for _, name := range names {
		series, _ := groups(by[name], seriesName)
		for part := range slices.Chunk(series, mostBarSeries) {
			if len(part) > 1 {
				all = append(all, groupedFigure(name, part, by[name])...)
			}
		}
	}
	return all
}

// unweighed is the runtime and the model, whatever its weights are packed in.
func unweighed(r results.Record) string {
	r.Model.WeightType, r.Model.FileType = "", ""
	return r.Runtime.Name + " · " + ModelName(r)
}

// seriesName is what a case differs in from others of its model and test.
func seriesName(r results.Record) string {
	words := slices.DeleteFunc([]string{r.Model.Weights(), r.Case.Variant()}, func(s string) bool { return s == "" })
	return orDefault(strings.Join(words, ", "), "default settings")
}

// groupedFigure has the tests that two of the series have, several figures where they
// are many.
func groupedFigure(name string, series []string, records []results.Record) []draw.Picture {
	var found []draw.Group
	tests, by := groups(records, func(r results.Record) string { return r.Case.Test() })
	most := 0.0
	for _, test := range tests {
		group := draw.Group{Label: test}
		for i, s := range series {
			at := slices.IndexFunc(by[test], func(r results.Record) bool { return seriesName(r) == s })
			if at < 0 {
				continue
			}
			speed := by[test][at].Measured.TokensPerSecond
			bar := draw.Bar{Class: draw.Colour(i), Value: speed.Median, Text: figure.Rate(speed.Median)}
			if speed.CI95 != nil {
				bar.Lo, bar.Hi = max(0, speed.CI95[0]), speed.CI95[1]
			}
			most = max(most, bar.Value, bar.Hi)
			group.Bars = append(group.Bars, bar)
		}
		if len(group.Bars) > 1 {
			found = append(found, group)
		}
	}
	var all []draw.Picture
	for part := range slices.Chunk(found, mostBars/len(series)) {
		c := draw.Groups{Title: "Tokens per second of " + name + " by type and setting", XName: "tokens per second",
			XLabel: figure.Count, Groups: part}
		c.X = draw.Linear(0, most, 4, 10)
		p := draw.Picture{Title: name, Chart: c}
		for i, s := range series {
			p.Legend = append(p.Legend, draw.Entry{Class: draw.Colour(i), Label: s})
		}
		all = append(all, p)
	}
	return all
}
