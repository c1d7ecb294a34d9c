package report

import (
	"slices"
	"strconv"

	"assay/results"
	"assay/results/figure"
)

// section is a heading with figures under it.
type section struct {
	Title, Text string
	Figures     []Picture
}

// sections returns the pictures of a report, those of speed and those of memory; a
// section without one is left out.
func sections(in Input) (speed, memory []section) {
	filled := func(all ...section) []section {
		return slices.DeleteFunc(all, func(s section) bool { return len(s.Figures) == 0 })
	}
	speed = filled(
		section{"Speed by case", "Points are medians with their 95 % interval, diamonds predictions with theirs.", speedFigures(in.Head.Records)},
		section{"History", historyText(in.Histories), historyFigures(in.Histories)},
		section{"Speed over depth", "How far cases lie from what the fit predicts, by the tokens in the cache.", depthFigures(in.Head.Records)},
		section{"Roofline", "What the machine allows at most, and what the cases reached.", rooflineFigures(in.Rooflines)})
	memory = filled(
		section{"KV cache by context", "Lines are predicted, points measured. A point off its line is a residual. Both axes are logarithmic.", kvFigures(in.Head.Records)},
		section{"KV residual by layer", "Measured less predicted bytes of each layer.", layerFigures(in.Head.Records)})
	return speed, memory
}

// kvFigures draws the size of the cache over the context, one figure a model
// with up to four sets of parameters.
func kvFigures(records []results.Record) []Picture {
	var all []Picture
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
		for start := 0; start < len(variants); start += len(colours) {
			part := variants[start:min(start+len(colours), len(variants))]
			if f, ok := kvFigure(model, part, of); ok {
				all = append(all, f)
			}
		}
	}
	return all
}

func kvFigure(model string, variants []string, of map[string][]results.Record) (Picture, bool) {
	f := Picture{Title: model}
	c := chart{title: "KV bytes by context length of " + model, xName: "context in tokens", yName: "KV cache", yLabel: figure.Size,
		xLabel: func(v float64) string { return contextLabel(int(v)) }}
	var xs, ys []float64
	for i, v := range variants {
		predicted := mark{kind: line, class: colours[i]}
		measured := mark{kind: dots, class: colours[i]}
		for _, r := range byContext(of[v]) {
			x := float64(r.Case.NCtx)
			predicted.points = append(predicted.points, point{x: x, y: float64(*r.Predicted.KVBytes)})
			xs, ys = append(xs, x), append(ys, float64(*r.Predicted.KVBytes))
			if r.Measured != nil && r.Measured.KVBytes != nil {
				measured.points = append(measured.points, point{x: x, y: float64(*r.Measured.KVBytes), note: r.Case.Test() + ": " + figure.Size(float64(*r.Measured.KVBytes))})
				ys = append(ys, float64(*r.Measured.KVBytes))
			}
		}
		c.marks = append(c.marks, predicted, measured)
		label := of[v][0].Case
		f.Legend = append(f.Legend, entry{colours[i], orDefault(label.Variant(), "default parameters")})
	}
	lo, hi := extent(xs)
	if lo == hi {
		return f, false // one context is no course
	}
	least, most := extent(ys)
	c.x, c.y = logarithmic(lo, hi, 6, 2), logarithmic(max(least, 1), max(most, 2), 5, 2)
	f.SVG = c.svg()
	return f, true
}

func byContext(records []results.Record) []results.Record {
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b results.Record) int { return a.Case.NCtx - b.Case.NCtx })
	return slices.CompactFunc(records, func(a, b results.Record) bool { return a.Case.NCtx == b.Case.NCtx })
}

// contextLabel prints powers of two as people say them: 4096 as 4k.
func contextLabel(n int) string {
	if n >= 1024 && n%1024 == 0 {
		return strconv.Itoa(n/1024) + "k"
	}
	return strconv.Itoa(n)
}

// maxLayerFigures bounds the charts of layers; the table lists every case.
const maxLayerFigures = 8

// layerFigures draws the residual of each layer, of the cases that have any.
func layerFigures(records []results.Record) []Picture {
	var all []Picture
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
		if slices.ContainsFunc(residuals, func(p point) bool { return p.y != 0 }) {
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
func layerResiduals(r results.Record) ([]point, bool) {
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
	var points []point
	for layer, residual := range by {
		points = append(points, point{x: float64(layer), y: float64(residual)})
	}
	slices.SortFunc(points, func(a, b point) int { return int(a.x - b.x) })
	return points, true
}

func layerFigure(r results.Record, residuals []point) (Picture, bool) {
	var xs, ys []float64
	differ, exact := mark{kind: bars, class: "bad"}, mark{kind: dots, class: "c1"}
	for _, p := range residuals {
		xs, ys = append(xs, p.x), append(ys, p.y)
		if p.y != 0 {
			differ.points = append(differ.points, p)
		} else {
			exact.points = append(exact.points, p)
		}
	}
	off := len(differ.points)
	title := r.Runtime.Name + " · " + ModelName(r) + " · " + r.Case.Test()
	lo, hi := extent(ys)
	c := chart{title: "KV residual by layer of " + title, xName: "layer", yName: "measured \u2212 predicted",
		xLabel: figure.Short, yLabel: func(v float64) string { return figure.SignedSize(int64(v)) },
		marks: []mark{differ, exact}}
	first, last := extent(xs)
	c.x = linear(first, last+1, 6, 10)
	c.x.lo, c.x.hi = first-0.5, last+0.5
	c.x.ticks = slices.DeleteFunc(c.x.ticks, func(v float64) bool { return v < first || v > last })
	c.y = linear(min(lo, 0), max(hi, 0), 4, 1024)
	if lo == 0 && hi == 0 {
		c.y = scale{lo: -1, hi: 1, ticks: []float64{0}}
	}
	return Picture{Title: title, SVG: c.svg(), Legend: []entry{{"c1", "exact"}, {"bad", "differs"}}, Caption: strconv.Itoa(off) + " of " + strconv.Itoa(len(residuals)) + " layers differ."}, off > 0
}
