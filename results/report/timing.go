package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"assay/results"
	"assay/results/draw"
	"assay/results/figure"
)

// maxRows is how many cases one speed figure holds before the next begins.
const maxRows = 8

// speedFigures draws tokens per second, one figure a model and kind of case.
func speedFigures(records []results.Record) []draw.Picture {
	var all []draw.Picture
	names, by := groups(records, func(r results.Record) string {
		if r.Measured == nil || r.Measured.TokensPerSecond == nil {
			return ""
		}
		return r.Runtime.Name + " · " + ModelName(r) + " · " + string(r.Case.Kind)
	})
	for _, name := range names {
		for rows := range slices.Chunk(by[name], maxRows) {
			all = append(all, speedFigure(name, rows, caseLabel))
		}
	}
	return all
}

// SpeedPicture draws the tokens per second of cases, a row each; there is nothing to see
// where none is timed.
func SpeedPicture(records []results.Record) (draw.Picture, bool) {
	var timed []results.Record
	for _, r := range apart(records) {
		if r.Measured == nil || r.Measured.TokensPerSecond == nil && len(r.Measured.SamplesNS) == 0 {
			continue
		}
		if r.Measured.TokensPerSecond == nil {
			measured := *r.Measured
			measured.TokensPerSecond = results.Speed(measured.SamplesNS, r.Case.Tokens())
			r.Measured = &measured
		}
		timed = append(timed, r)
	}
	if len(timed) == 0 {
		return draw.Picture{}, false
	}
	model := func(r results.Record) string { return r.Runtime.Name + " · " + ModelName(r) }
	if names, _ := groups(timed, model); len(names) == 1 {
		return speedFigure(names[0], timed, caseLabel), true
	}
	if names, _ := groups(timed, unweighed); len(names) == 1 {
		return speedFigure(names[0], timed, func(r results.Record) string { return r.Model.Weights() + " · " + caseLabel(r) }), true
	}
	return speedFigure("several models", timed, func(r results.Record) string { return ModelName(r) + " · " + caseLabel(r) }), true
}

// caseLabel is the test with the settings that are not the usual ones.
func caseLabel(r results.Record) string {
	if v := r.Case.Variant(); v != "" {
		return r.Case.Test() + " · " + v
	}
	return r.Case.Test()
}

// speedFigure draws one row a case: its name above, its point and interval
// below, on an axis that begins at 0.
func speedFigure(name string, records []results.Record, label func(results.Record) string) draw.Picture {
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
	rows := draw.Rows{Title: "Tokens per second of " + name, X: draw.Linear(0, most, 4, 10), XName: "tokens per second", XLabel: figure.Count}
	for _, r := range records {
		s := r.Measured.TokensPerSecond
		measured := draw.Point{X: s.Median}
		if s.CI95 != nil {
			measured.Lo, measured.Hi = s.CI95[0], s.CI95[1]
		}
		row := draw.Row{Label: label(r), Value: figure.Rate(s.Median), Measured: measured}
		if p := r.Predicted; p != nil && p.TokensPerSecond != nil {
			row.Predicted = &draw.Point{X: p.TokensPerSecond.Value, Lo: p.TokensPerSecond.Lo, Hi: p.TokensPerSecond.Hi}
		}
		rows.Rows = append(rows.Rows, row)
	}
	f := draw.Picture{Title: name, Chart: rows, Legend: []draw.Entry{{Class: "c1", Label: "measured"}}}
	if slices.ContainsFunc(rows.Rows, func(r draw.Row) bool { return r.Predicted != nil }) {
		f.Legend = append(f.Legend, draw.Entry{Class: "c2", Label: "predicted"})
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
		values = append(values, p.Y)
	}
	lo, hi := draw.Extent(values)
	y := draw.Linear(lo, hi, 4, 10)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="spark" viewBox="0 0 %g %g" aria-hidden="true"><path class="line c1" d="`, sparkWidth, sparkHeight)
	for i, p := range points {
		x := 1 + (p.X-points[0].X)/(points[len(points)-1].X-points[0].X)*(sparkWidth-2)
		fmt.Fprintf(&b, "%c%.1f %.1f", "ML"[min(i, 1)], x, sparkHeight-1-y.At(p.Y)*(sparkHeight-2))
	}
	b.WriteString(`"/></svg>`)
	return template.HTML(b.String())
}

// historyFigures draws the course of each case, those that changed first.
func historyFigures(histories []History) []draw.Picture {
	sorted := slices.Clone(histories)
	slices.SortStableFunc(sorted, func(a, b History) int { return min(len(b.Changes), 1) - min(len(a.Changes), 1) })
	var all []draw.Picture
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
func HistoryPicture(h History) (draw.Picture, bool) {
	points := historyPoints(h.Points)
	if len(points) < 2 {
		return draw.Picture{}, false
	}
	var values []float64
	for _, p := range points {
		values = append(values, p.Y)
	}
	lo, hi := draw.Extent(values)
	last := len(h.Points) - 1
	c := draw.Chart{Title: "Tokens per second over time of " + string(h.Key), YName: "tokens/s", YLabel: figure.Speed,
		X: draw.Scale{Lo: 0, Hi: float64(last)}, Y: draw.Linear(lo, hi, 4, 10)}
	c.XLabel = func(v float64) string { return dayLabel(h.Points, int(v)) }
	for i := range 4 {
		if at := float64(i * last / 3); !slices.Contains(c.X.Ticks, at) {
			c.X.Ticks = append(c.X.Ticks, at)
		}
	}
	c.Marks = []draw.Mark{{Kind: draw.Dots, Class: "c1", Points: clip(points, c.Y)}}
	f := draw.Picture{Title: string(h.Key)}
	var captions []string
	for _, change := range h.Changes {
		if change.At >= 1 && change.At <= last {
			c.Marks = append(c.Marks, draw.Mark{Kind: draw.Vertical, Points: []draw.Point{{X: float64(change.At) - 0.5}}})
			captions = append(captions, changeText(h.Points[change.At], change))
		}
	}
	f.Chart, f.Caption = c, strings.Join(captions, " ")
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
func historyPoints(all []Point) []draw.Point {
	var points []draw.Point
	for i, p := range all {
		if p.Median <= 0 {
			continue
		}
		one := draw.Point{X: float64(i), Y: p.Median}
		if len(all) <= maxWhiskers {
			one.Lo, one.Hi = p.Lo, p.Hi
		}
		if len(all) <= draw.MaxNotes {
			one.Note = p.Time.Format("2 Jan 2006") + ": " + figure.Speed(p.Median)
		}
		points = append(points, one)
	}
	return points
}

func changeText(first Point, c Change) string {
	return fmt.Sprintf("%s: %s → %s tokens/s (%s), %s.", first.Time.Format("2 Jan 2006"),
		figure.Speed(c.Before), figure.Speed(c.After), figure.Change(c.After/c.Before-1),
		orDefault(c.Between, "nothing else is known to have changed"))
}

// clip keeps whiskers inside the figure.
func clip(points []draw.Point, y draw.Scale) []draw.Point {
	for i := range points {
		points[i].Lo, points[i].Hi = max(points[i].Lo, y.Lo), min(points[i].Hi, y.Hi)
	}
	return points
}

// rooflineFigures draws each machine's roof with its cases below.
func rooflineFigures(rooflines []Roofline) []draw.Picture {
	var all []draw.Picture
	for _, r := range rooflines {
		if r.FLOPS > 0 && r.Bandwidth > 0 {
			all = append(all, rooflineFigure(r))
		}
	}
	return all
}

// maxLabels is how many cases under a roof are named.
const maxLabels = 6

func rooflineFigure(r Roofline) draw.Picture {
	ridge := r.FLOPS / r.Bandwidth
	xs, ys := []float64{ridge / 10, ridge * 10}, []float64{r.FLOPS}
	reached := draw.Mark{Kind: draw.Dots, Class: "c1"}
	for _, p := range r.Points {
		if p.Intensity > 0 && p.FLOPS > 0 {
			reached.Points = append(reached.Points, draw.Point{X: p.Intensity, Y: p.FLOPS, Note: p.Label})
			xs, ys = append(xs, p.Intensity), append(ys, p.FLOPS)
		}
	}
	lo, hi := draw.Extent(xs)
	c := draw.Chart{Title: "Roofline of " + r.Machine, XName: "operations per byte", YName: "operations/s",
		XLabel: figure.Count, YLabel: figure.Count}
	c.X = draw.Logarithmic(lo, hi, 6, 10)
	least, most := draw.Extent(append(ys, c.X.Lo*r.Bandwidth))
	c.Y = draw.Logarithmic(least, most, 5, 10)
	roof := draw.Mark{Kind: draw.Line, Class: "c2", Points: []draw.Point{
		{X: c.X.Lo, Y: c.X.Lo * r.Bandwidth}, {X: ridge, Y: r.FLOPS}, {X: c.X.Hi, Y: r.FLOPS},
	}}
	c.Marks = []draw.Mark{roof, reached}
	if len(reached.Points) <= maxLabels {
		c.Marks = append(c.Marks, draw.Mark{Kind: draw.Labels, Points: reached.Points})
	}
	return draw.Picture{Title: r.Machine, Chart: c, Legend: []draw.Entry{{Class: "c2", Label: "roof"}, {Class: "c1", Label: "cases"}},
		Caption: fmt.Sprintf("%s operations/s, %s bytes/s; they meet at %s operations per byte.", figure.Count(r.FLOPS),
			figure.Count(r.Bandwidth), figure.Short(ridge))}
}
