package report

import (
	"slices"
	"strconv"

	"assay/results"
	"assay/results/draw"
	"assay/results/figure"
)

// section is a heading with figures under it.
type section struct {
	Title, Text string
	Figures     []draw.Picture
}

// sections returns the pictures of a report, those of speed and those of memory; a
// section without one is left out.
func sections(in Input) (speed, memory []section) {
	filled := func(all ...section) []section {
		return slices.DeleteFunc(all, func(s section) bool { return len(s.Figures) == 0 })
	}
	speed = filled(
		section{"Speed by case", "Points are medians with their 95 % interval, diamonds predictions with theirs.", speedFigures(in.Head.Records)},
		section{"Speed by type and setting", "Bars are medians, lines on them their 95 % interval.", groupedFigures(in.Head.Records)},
		section{"History", historyText(in.Histories), historyFigures(in.Histories)},
		section{"Speed over depth", "How far cases lie from what the fit predicts, by the tokens in the cache.", depthFigures(in.Head.Records)},
		section{"Roofline", "What the machine allows at most, and what the cases reached.", rooflineFigures(in.Rooflines)})
	memory = filled(
		section{"KV cache by context", "Lines are predicted, points measured. A point off its line is a residual. Both axes are logarithmic.",
			kvFigures(in.Head.Records)},
		section{"KV residual by layer", "Measured less predicted bytes of each layer.", layerFigures(in.Head.Records)})
	return speed, memory
}

// kvFigures draws the size of the cache over the context, one figure a model
// with up to four sets of parameters.
func kvFigures(records []results.Record) []draw.Picture {
	var all []draw.Picture
	models, by := groups(records, func(r results.Record) string {
		if r.Case.NCtx < 1 || r.Predicted == nil || r.Predicted.KVBytes == nil {
			return ""
		}
		return r.Runtime.Name + " · " + ModelName(r)
	})
	for _, model := range models {
		variants, of := groups(by[model], func(r results.Record) string {
			return "f16" + r.Case.Variant()
		})
		for start := 0; start < len(variants); start += mostSeries {
			part := variants[start:min(start+mostSeries, len(variants))]
			if f, ok := kvFigure(model, part, of); ok {
				all = append(all, f)
			}
		}
	}
	return all
}

func kvFigure(model string, variants []string, of map[string][]results.Record) (draw.Picture, bool) {
	f := draw.Picture{Title: model}
	c := draw.Chart{Title: "KV bytes by context length of " + model, XName: "context in tokens", YName: "KV cache", YLabel: figure.Size,
		XLabel: func(v float64) string { return figure.Context(int(v)) }}
	var xs, ys []float64
	for i, v := range variants {
		predicted := draw.Mark{Kind: draw.Line, Class: draw.Colour(i)}
		measured := draw.Mark{Kind: draw.Dots, Class: draw.Colour(i)}
		for _, r := range byContext(of[v]) {
			x := float64(r.Case.NCtx)
			predicted.Points = append(predicted.Points, draw.Point{X: x, Y: float64(*r.Predicted.KVBytes)})
			xs, ys = append(xs, x), append(ys, float64(*r.Predicted.KVBytes))
			if r.Measured != nil && r.Measured.KVBytes != nil {
				measured.Points = append(measured.Points, draw.Point{X: x, Y: float64(*r.Measured.KVBytes), Note: r.Case.Test() + ": " +
					figure.Size(float64(*r.Measured.KVBytes))})
				ys = append(ys, float64(*r.Measured.KVBytes))
			}
		}
		c.Marks = append(c.Marks, predicted, measured)
		label := of[v][0].Case
		f.Legend = append(f.Legend, draw.Entry{Class: draw.Colour(i), Label: orDefault(label.Variant(), "default parameters")})
	}
	lo, hi := draw.Extent(xs)
	if lo == hi {
		return f, false // one context is no course
	}
	least, most := draw.Extent(ys)
	c.X, c.Y = draw.Logarithmic(lo, hi, 6, 2), draw.Logarithmic(max(least, 1), max(most, 2), 5, 2)
	f.Chart = c
	return f, true
}

func byContext(records []results.Record) []results.Record {
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b results.Record) int { return a.Case.NCtx - b.Case.NCtx })
	return slices.CompactFunc(records, func(a, b results.Record) bool { return a.Case.NCtx == b.Case.NCtx })
}

// maxLayerFigures bounds the charts of layers; the table lists every case.
const maxLayerFigures = 8

// layerFigures draws the residual of each layer, of the cases that have any.
func layerFigures(records []results.Record) []draw.Picture {
	var all []draw.Picture
	for _, r := range records {
		if residuals, ok := layerResiduals(r); ok {
			if f, off := layerFigure(r, residuals); off && len(all) < maxLayerFigures {
				all = append(all, f)
			}
		}
	}
	return all
}

// exactLayers says of how many cases every layer is as predicted; it is "" if any
// differs, or none was measured.
func exactLayers(records []results.Record) string {
	n := 0
	for _, r := range records {
		residuals, ok := layerResiduals(r)
		if !ok {
			continue
		}
		if slices.ContainsFunc(residuals, func(p draw.Point) bool { return p.Y != 0 }) {
			return ""
		}
		n++
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "The cache is as predicted in every layer, in the one case whose layers were measured."
	}
	return "The cache is as predicted in every layer, in all " + strconv.Itoa(n) + " cases whose layers were measured."
}

// layerResiduals returns measured less predicted bytes by layer.
func layerResiduals(r results.Record) ([]draw.Point, bool) {
	if r.Predicted == nil || r.Measured == nil || len(r.Predicted.KVLayers) == 0 || len(r.Measured.KVLayers) == 0 {
		return nil, false
	}
	by := map[int]int64{}
	for _, l := range r.Measured.KVLayers {
		by[l.Layer] += l.KBytes + l.VBytes
	}
	for _, l := range r.Predicted.KVLayers {
		by[l.Layer] -= l.KBytes + l.VBytes
	}
	var points []draw.Point
	for layer, residual := range by {
		points = append(points, draw.Point{X: float64(layer), Y: float64(residual)})
	}
	slices.SortFunc(points, func(a, b draw.Point) int { return int(a.X - b.X) })
	return points, true
}

func layerFigure(r results.Record, residuals []draw.Point) (draw.Picture, bool) {
	var xs, ys []float64
	differ, exact := draw.Mark{Kind: draw.Bars, Class: "bad"}, draw.Mark{Kind: draw.Dots, Class: "c1"}
	for _, p := range residuals {
		xs, ys = append(xs, p.X), append(ys, p.Y)
		if p.Y != 0 {
			differ.Points = append(differ.Points, p)
		} else {
			exact.Points = append(exact.Points, p)
		}
	}
	off := len(differ.Points)
	title := r.Runtime.Name + " · " + ModelName(r) + " · " + r.Case.Test()
	lo, hi := draw.Extent(ys)
	c := draw.Chart{Title: "KV residual by layer of " + title, XName: "layer", YName: "measured less predicted",
		XLabel: figure.Short, YLabel: func(v float64) string { return figure.SignedSize(int64(v)) },
		Marks: []draw.Mark{differ, exact}}
	first, last := draw.Extent(xs)
	c.X = draw.Linear(first, last+1, 6, 10)
	c.X.Lo, c.X.Hi = first-0.5, last+0.5
	c.X.Ticks = slices.DeleteFunc(c.X.Ticks, func(v float64) bool { return v < first || v > last })
	c.Y = draw.Linear(min(lo, 0), max(hi, 0), 4, 1024)
	if lo == 0 && hi == 0 {
		c.Y = draw.Scale{Lo: -1, Hi: 1, Ticks: []float64{0}}
	}
	return draw.Picture{Title: title, Chart: c, Legend: []draw.Entry{{Class: "c1", Label: "exact"}, {Class: "bad", Label: "differs"}},
		Caption: strconv.Itoa(off) + " of " + strconv.Itoa(len(residuals)) + " layers differ."}, off > 0
}
