package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"assay/results"
	"assay/results/figure"
)

// maxRows is how many cases one speed figure holds before the next begins.
const maxRows = 8

// speedFigures draws tokens per second, one figure a model and kind of case.
func speedFigures(records []results.Record) []Picture {
	var all []Picture
	names, by := groups(records, func(r results.Record) string {
		if r.Measured == nil || r.Measured.TokensPerSecond == nil {
			return ""
		}
		return r.Runtime.Name + " · " + ModelName(r) + " · " + string(r.Case.Kind)
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
func speedFigure(name string, records []results.Record) Picture {
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
	f := Picture{Title: name, SVG: rows.svg(), Legend: []entry{{"c1", "measured"}}}
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

// sparkNights, sparkWidth and sparkHeight bound a picture that fits into a line of a table.
const sparkNights, sparkWidth, sparkHeight = 60, 120.0, 24.0

// Spark draws the newest part of a case's course, as high as it is wide from its least
// to its greatest, without axes; nothing where there is no course.
func Spark(h History) template.HTML {
	points := historyPoints(h.Points[max(0, len(h.Points)-sparkNights):])
	if len(points) < 2 {
		return ""
	}
	var values []float64
	for _, p := range points {
		values = append(values, p.y)
	}
	lo, hi := extent(values)
	y := linear(lo, hi, 4, 10)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="spark" viewBox="0 0 %g %g" aria-hidden="true"><path class="line c1" d="`, sparkWidth, sparkHeight)
	for i, p := range points {
		x := 1 + (p.x-points[0].x)/(points[len(points)-1].x-points[0].x)*(sparkWidth-2)
		fmt.Fprintf(&b, "%c%.1f %.1f", "ML"[min(i, 1)], x, sparkHeight-1-y.at(p.y)*(sparkHeight-2))
	}
	b.WriteString(`"/></svg>`)
	return template.HTML(b.String())
}

// historyFigures draws the course of each case, those that changed first.
func historyFigures(histories []History) []Picture {
	sorted := slices.Clone(histories)
	slices.SortStableFunc(sorted, func(a, b History) int { return min(len(b.Changes), 1) - min(len(a.Changes), 1) })
	var all []Picture
	for _, h := range sorted[:min(len(sorted), maxHistories)] {
		if f, ok := HistoryPicture(h); ok {
			all = append(all, f)
		}
	}
	return all
}

// maxWhiskers is how many points a history may have and still show intervals.
const maxWhiskers = 40

// HistoryPicture draws the course of one case; there is nothing to see of a single point.
func HistoryPicture(h History) (Picture, bool) {
	points := historyPoints(h.Points)
	if len(points) < 2 {
		return Picture{}, false
	}
	var values []float64
	for _, p := range points {
		values = append(values, p.y)
	}
	lo, hi := extent(values)
	last := len(h.Points) - 1
	c := chart{title: "Tokens per second over time of " + string(h.Key), yName: "tokens/s", yLabel: figure.Speed,
		x: scale{lo: 0, hi: float64(last)}, y: linear(lo, hi, 4, 10)}
	c.xLabel = func(v float64) string { return dayLabel(h.Points, int(v)) }
	for i := range 4 {
		if at := float64(i * last / 3); !slices.Contains(c.x.ticks, at) {
			c.x.ticks = append(c.x.ticks, at)
		}
	}
	c.marks = []mark{{kind: dots, class: "c1", points: clip(points, c.y)}}
	f := Picture{Title: string(h.Key)}
	var captions []string
	for _, change := range h.Changes {
		if change.At >= 1 && change.At <= last {
			c.marks = append(c.marks, mark{kind: vertical, points: []point{{x: float64(change.At) - 0.5}}})
			captions = append(captions, changeText(h.Points[change.At], change))
		}
	}
	f.SVG, f.Caption = c.svg(), strings.Join(captions, " ")
	return f, true
}

// dayLabel is the day of a point; of a history of years its month and year.
func dayLabel(points []Point, at int) string {
	if points[len(points)-1].Time.Sub(points[0].Time) > 300*24*time.Hour {
		return points[at].Time.Format("Jan 2006")
	}
	return points[at].Time.Format("2 Jan")
}

// historyPoints returns the timed points of a history, each at its number.
func historyPoints(all []Point) []point {
	var points []point
	for i, p := range all {
		if p.Median <= 0 {
			continue
		}
		one := point{x: float64(i), y: p.Median}
		if len(all) <= maxWhiskers {
			one.lo, one.hi = p.Lo, p.Hi
		}
		if len(all) <= maxNotes {
			one.note = p.Time.Format("2 Jan 2006") + ": " + figure.Speed(p.Median)
		}
		points = append(points, one)
	}
	return points
}

func changeText(first Point, c Change) string {
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
func rooflineFigures(rooflines []Roofline) []Picture {
	var all []Picture
	for _, r := range rooflines {
		if r.FLOPS > 0 && r.Bandwidth > 0 {
			all = append(all, rooflineFigure(r))
		}
	}
	return all
}

// maxLabels is how many cases under a roof are named.
const maxLabels = 6

func rooflineFigure(r Roofline) Picture {
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
	return Picture{Title: r.Machine, SVG: c.svg(), Legend: []entry{{"c2", "roof"}, {"c1", "cases"}},
		Caption: fmt.Sprintf("%s operations/s, %s bytes/s; they meet at %s operations per byte.", figure.Count(r.FLOPS), figure.Count(r.Bandwidth), figure.Short(ridge))}
}
