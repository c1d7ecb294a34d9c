package model

import (
	"slices"

	"assay/results/draw"
	"assay/results/figure"
)

// Plot writes parameters.svg, kv_cache.svg and operations.svg into dir
// and returns their paths; the last only where work is predicted. Several models get a line or a bar each; a single
// one's cache is shown with what grows and what is bounded by windows.
func Plot(dir string, models []Inspection) ([]string, error) {
	names := []string{"parameters.svg", "kv_cache.svg"}
	pictures := map[string]draw.Picture{"parameters.svg": drawParams(models), "kv_cache.svg": drawCaches(models)}
	if slices.ContainsFunc(models, func(in Inspection) bool { return len(in.Work) > 0 }) {
		names, pictures["operations.svg"] = append(names, "operations.svg"), drawWork(models)
	}
	return draw.Save(dir, pictures, names...)
}

// drawParams has a group of bars for each part, and in it a bar for each model.
func drawParams(models []Inspection) draw.Picture {
	c := draw.Groups{Title: "Parameters by part", XName: "parameters", XLabel: figure.Count}
	p := draw.Picture{Title: c.Title}
	if len(models) == 1 {
		p.Title += " of " + models[0].Facts.Name
	}
	most := 0.0
	for _, name := range partNames(models) {
		group := draw.Group{Label: name}
		for i, in := range models {
			n := partSize(in, name)
			most = max(most, n)
			group.Bars = append(group.Bars, draw.Bar{Class: draw.Colour(i), Value: n, Text: figure.Count(n)})
		}
		c.Groups = append(c.Groups, group)
	}
	for i, in := range models {
		if len(models) > 1 {
			p.Legend = append(p.Legend, draw.Entry{Class: draw.Colour(i), Label: in.Facts.Name})
		}
	}
	c.X = draw.Linear(0, most, 4, 10)
	p.Chart = c
	return p
}

// partNames are the parts of all models, as the tables have them.
func partNames(models []Inspection) []string {
	var names []string
	for _, in := range models {
		for _, part := range in.Params {
			if !slices.Contains(names, part.Part) {
				names = append(names, part.Part)
			}
		}
	}
	return names
}

// partSize is how many parameters a part has.
func partSize(in Inspection, name string) float64 {
	for _, part := range in.Params {
		if part.Part == name {
			return float64(part.Params)
		}
	}
	return 0
}

func drawCaches(models []Inspection) draw.Picture {
	c := newCurves("KV cache by context length, "+models[0].Runtime, "context, tokens", "KV cache")
	for i, in := range models {
		c.cache(in.Facts.Name, draw.Colour(i), in, func(c CacheAt) int64 { return c.Bytes })
	}
	if len(models) == 1 {
		in := models[0]
		c.cache("every token kept", draw.Colour(1)+" dashed", in, func(c CacheAt) int64 { return c.Full })
		c.cache("bounded by windows", draw.Colour(2)+" dashed", in, func(c CacheAt) int64 { return c.Windowed })
	}
	c.chart.YLabel = figure.Size
	return c.picture(func(lo, hi float64) draw.Scale { return draw.Logarithmic(lo, hi, 6, 2) })
}

// cache adds a line through all lengths that were looked at, with a mark at those that
// the tables have.
func (c *curves) cache(name, class string, in Inspection, of func(CacheAt) int64) {
	line := in.curve
	if line == nil {
		line = in.Cache
	}
	c.add(name, class, cachePoints(line, of), cachePoints(in.Cache, of))
}

func cachePoints(at []CacheAt, of func(CacheAt) int64) []draw.Point {
	var points []draw.Point
	for _, c := range at {
		points = append(points, draw.Point{X: float64(c.Context), Y: float64(of(c))})
	}
	return points
}

func drawWork(models []Inspection) draw.Picture {
	c := newCurves("Operations a token", "tokens before it, or of the prompt", "operations")
	for i, in := range models {
		var decode, prefill []draw.Point
		for _, w := range in.Work {
			at := float64(w.Tokens)
			decode = append(decode, draw.Point{X: at, Y: float64(w.Decode)})
			prefill = append(prefill, draw.Point{X: at, Y: float64(w.Prefill) / at})
		}
		c.add(in.Facts.Name, draw.Colour(i), decode, slices.Clone(decode))
		c.add(in.Facts.Name+", mean of a prompt", draw.Colour(i)+" dashed", prefill, slices.Clone(prefill))
	}
	c.chart.YLabel = figure.Count
	return c.picture(func(_, hi float64) draw.Scale { return draw.Linear(0, hi, 5, 10) })
}

// curves is a chart of lines over tokens.
type curves struct {
	chart  draw.Chart
	legend []draw.Entry
	xs, ys []float64
}

func newCurves(title, x, y string) *curves {
	return &curves{chart: draw.Chart{Title: title, XName: x, YName: y, XLabel: tokensLabel}}
}

// add adds a line, and marks on it. Logarithmic axes have no place for 0: a line of
// zeros alone is left out.
func (c *curves) add(name, class string, line, marks []draw.Point) {
	none := func(p draw.Point) bool { return p.Y <= 0 }
	line, marks = slices.DeleteFunc(line, none), slices.DeleteFunc(marks, none)
	if len(line) == 0 {
		return
	}
	for _, p := range line {
		c.xs, c.ys = append(c.xs, p.X), append(c.ys, p.Y)
	}
	c.chart.Marks = append(c.chart.Marks, draw.Mark{Kind: draw.Line, Class: class, Points: line},
		draw.Mark{Kind: draw.Dots, Class: class, Points: marks})
	c.legend = append(c.legend, draw.Entry{Class: class, Label: name})
}

func (c *curves) picture(y func(lo, hi float64) draw.Scale) draw.Picture {
	if len(c.xs) > 0 {
		c.chart.X = draw.Logarithmic(slices.Min(c.xs), slices.Max(c.xs), 6, 2)
		c.chart.Y = y(slices.Min(c.ys), slices.Max(c.ys))
	}
	return draw.Picture{Title: c.chart.Title, Chart: c.chart, Legend: c.legend}
}

func tokensLabel(v float64) string { return figure.Context(int(v)) }
