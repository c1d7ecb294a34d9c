package report

import (
	"fmt"
	"slices"
	"strings"

	"assay/results"
	"assay/results/figure"
)

// maxRows is how many cases one speed figure holds before the next begins.
const maxRows = 8

// speedFigures draws tokens per second, one figure a model and kind of case.
func speedFigures(records []results.Record) []picture {
	var all []picture
	names, by := groups(records, func(r results.Record) string {
		if r.Measured == nil || r.Measured.TokensPerSecond == nil {
			return ""
		}
		return r.Runtime.Name + " · " + modelName(r) + " · " + string(r.Case.Kind)
	})
	for _, name := range names {
		for rows := range slices.Chunk(by[name], maxRows) {
			all = append(all, speedFigure(name, rows))
		}
	}
	return all
}

// speedFigure draws one row a case: its name above, its point and interval
// below, on an axis that begins at 0.
func speedFigure(name string, records []results.Record) picture {
	most := 0.0
	for _, r := range records {
		s := r.Measured.TokensPerSecond
		most = max(most, s.Median)
		if s.CI95 != nil {
			most = max(most, s.CI95[1])
		}
		if p := r.Predicted; p != nil && p.TokensPerSecond != nil {
			most = max(most, p.TokensPerSecond.Hi, p.TokensPerSecond.Value)
		}
	}
	rows := rowChart{title: "Tokens per second of " + name, x: linear(0, most, 4, 10), xName: "tokens per second", xLabel: figure.Count}
	for _, r := range records {
		label := r.Case.Test()
		if v := r.Case.Variant(); v != "" {
			label += " · " + v
		}
		s := r.Measured.TokensPerSecond
		measured := point{x: s.Median}
		if s.CI95 != nil {
			measured.lo, measured.hi = s.CI95[0], s.CI95[1]
		}
		row := chartRow{label: label, value: figure.Speed(s.Median), measured: measured}
		if p := r.Predicted; p != nil && p.TokensPerSecond != nil {
			row.predicted = &point{x: p.TokensPerSecond.Value, lo: p.TokensPerSecond.Lo, hi: p.TokensPerSecond.Hi}
		}
		rows.rows = append(rows.rows, row)
	}
	f := picture{Title: name, SVG: rows.svg(), Legend: []entry{{"c1", "measured"}}}
	if slices.ContainsFunc(rows.rows, func(r chartRow) bool { return r.predicted != nil }) {
		f.Legend = append(f.Legend, entry{"c2", "predicted"})
	}
	return f
}

// maxHistories bounds the histories that are drawn: those that changed come
// first.
const maxHistories = 40

func historyText(histories []History) string {
	s := "The median of each run. A dashed line is where the level changed."
	if n := len(histories) - maxHistories; n > 0 {
		s += fmt.Sprintf(" %d more cases are left out; those that changed come first.", n)
	}
	return s
}

// historyFigures draws the course of each case, those that changed first.
func historyFigures(histories []History) []picture {
	sorted := slices.Clone(histories)
	slices.SortStableFunc(sorted, func(a, b History) int { return min(len(b.Changes), 1) - min(len(a.Changes), 1) })
	var all []picture
	for _, h := range sorted[:min(len(sorted), maxHistories)] {
		if f, ok := historyFigure(h); ok {
			all = append(all, f)
		}
	}
	return all
}

// maxWhiskers is how many points a history may have and still show intervals.
const maxWhiskers = 40

func historyFigure(h History) (picture, bool) {
	points := historyPoints(h.Series)
	if len(points) < 2 {
		return picture{}, false
	}
	var values []float64
	for _, p := range points {
		values = append(values, p.y)
	}
	lo, hi := extent(values)
	last := len(h.Series.Points) - 1
	c := chart{title: "Tokens per second over time of " + string(h.Series.Key), yName: "tokens/s", yLabel: figure.Speed,
		x: scale{lo: 0, hi: float64(last)}, y: linear(lo, hi, 4, 10)}
	c.xLabel = func(v float64) string { return h.Series.Points[int(v)].Time.Format("2 Jan") }
	for i := range 4 {
		if at := float64(i * last / 3); !slices.Contains(c.x.ticks, at) {
			c.x.ticks = append(c.x.ticks, at)
		}
	}
	c.marks = []mark{{kind: dots, class: "c1", points: clip(points, c.y)}}
	f := picture{Title: string(h.Series.Key)}
	var captions []string
	for _, change := range h.Changes {
		if change.At >= 1 && change.At <= last {
			c.marks = append(c.marks, mark{kind: vertical, points: []point{{x: float64(change.At) - 0.5}}})
			captions = append(captions, changeText(h.Series.Points[change.At], change))
		}
	}
	f.SVG, f.Caption = c.svg(), strings.Join(captions, " ")
	return f, true
}

// historyPoints returns the timed points of a series, each at its number.
func historyPoints(series results.Series) []point {
	var points []point
	for i, p := range series.Points {
		s := results.Speed(p.SamplesNS, series.Case.Tokens())
		if s == nil {
			continue
		}
		one := point{x: float64(i), y: s.Median}
		if len(series.Points) <= maxWhiskers && s.CI95 != nil {
			one.lo, one.hi = s.CI95[0], s.CI95[1]
		}
		if len(series.Points) <= 400 {
			one.note = p.Time.Format("2 Jan 2006") + ": " + figure.Speed(s.Median)
		}
		points = append(points, one)
	}
	return points
}

func changeText(first results.Point, c Change) string {
	return fmt.Sprintf("%s: %s → %s tokens/s (%s), %s.", first.Time.Format("2 Jan 2006"),
		figure.Speed(c.Before), figure.Speed(c.After), figure.Change(c.After/c.Before-1), orDefault(c.Between, "nothing else is known to have changed"))
}

// clip keeps whiskers inside the figure.
func clip(points []point, y scale) []point {
	for i := range points {
		points[i].lo, points[i].hi = max(points[i].lo, y.lo), min(points[i].hi, y.hi)
	}
	return points
}

// rooflineFigures draws each machine's roof with its cases below.
func rooflineFigures(rooflines []Roofline) []picture {
	var all []picture
	for _, r := range rooflines {
		if r.FLOPS > 0 && r.Bandwidth > 0 {
			all = append(all, rooflineFigure(r))
		}
	}
	return all
}

// maxLabels is how many cases under a roof are named.
const maxLabels = 6

func rooflineFigure(r Roofline) picture {
	ridge := r.FLOPS / r.Bandwidth
	xs, ys := []float64{ridge / 10, ridge * 10}, []float64{r.FLOPS}
	reached := mark{kind: dots, class: "c1"}
	for _, p := range r.Points {
		if p.Intensity > 0 && p.FLOPS > 0 {
			reached.points = append(reached.points, point{x: p.Intensity, y: p.FLOPS, note: p.Label})
			xs, ys = append(xs, p.Intensity), append(ys, p.FLOPS)
		}
	}
	lo, hi := extent(xs)
	c := chart{title: "Roofline of " + r.Machine, xName: "operations per byte", yName: "operations/s", xLabel: figure.Count, yLabel: figure.Count}
	c.x = logarithmic(lo, hi, 6, 10)
	least, most := extent(append(ys, c.x.lo*r.Bandwidth))
	c.y = logarithmic(least, most, 5, 10)
	roof := mark{kind: line, class: "c2", points: []point{
		{x: c.x.lo, y: c.x.lo * r.Bandwidth}, {x: ridge, y: r.FLOPS}, {x: c.x.hi, y: r.FLOPS},
	}}
	c.marks = []mark{roof, reached}
	if len(reached.points) <= maxLabels {
		c.marks = append(c.marks, mark{kind: labels, points: reached.points})
	}
	return picture{Title: r.Machine, SVG: c.svg(), Legend: []entry{{"c2", "roof"}, {"c1", "cases"}},
		Caption: fmt.Sprintf("%s operations/s, %s bytes/s; they meet at %s operations per byte.", figure.Count(r.FLOPS), figure.Count(r.Bandwidth), figure.Short(ridge))}
}
