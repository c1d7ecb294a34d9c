package model

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	glyph "gonum.org/v1/plot/vg/draw"

	"assay/results/draw"
)

// Plot writes parameters.svg, kv_cache.svg and operations.svg into dir
// and returns their paths; the last only where work is predicted. Several models get a line or a bar each; a single
// one's cache is shown with what grows and what is bounded by windows.
func Plot(dir string, models []Inspection) ([]string, error) {
	pictures := []draw.Picture{
		{Name: "parameters.svg", Draw: func(p *plot.Plot) error { return drawParams(p, models) }},
		{Name: "kv_cache.svg", Draw: func(p *plot.Plot) error { return drawCaches(p, models) }},
	}
	if slices.ContainsFunc(models, func(in Inspection) bool { return len(in.Work) > 0 }) {
		pictures = append(pictures, draw.Picture{Name: "operations.svg", Draw: func(p *plot.Plot) error { return drawWork(p, models) }})
	}
	return draw.Save(dir, pictures)
}

// modelColours tell lines apart, also without colour sight (Okabe and Ito,
// 2008, without the yellow, which is too light for a line); dashes tell what
// the colours repeat for.
var modelColours = []color.Color{
	color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff},
	color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff},
	color.RGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff},
	color.RGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff},
	color.RGBA{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff},
	color.RGBA{A: 0xff},
}

func modelColour(i int) color.Color { return modelColours[i%len(modelColours)] }

// drawParams has a group of bars for each part, and in it a bar for each model.
func drawParams(p *plot.Plot, models []Inspection) error {
	p.Title.Text = "Parameters by part"
	if len(models) == 1 {
		p.Title.Text += " of " + models[0].Facts.Name
	}
	p.X.Label.Text = "parameters, in thousand million"
	names := partNames(models)
	width := vg.Points(150) / vg.Length(len(names)*len(models))
	for i, in := range models {
		bars, err := plotter.NewBarChart(partValues(in, names), width)
		if err != nil {
			return err
		}
		bars.Horizontal, bars.Color, bars.LineStyle.Width = true, modelColour(i), 0
		bars.Offset = width * (vg.Length(len(models)-1)/2 - vg.Length(i))
		p.Add(bars)
		if len(models) > 1 {
			p.Legend.Add(in.Facts.Name, bars)
		}
	}
	p.NominalY(names...)
	p.X.Min = 0
	// Text behind the colours: a viewer's font may be wider than the one measured.
	p.Legend.Left, p.Legend.Top, p.Legend.Padding, p.Legend.XOffs = true, true, vg.Millimeter, draw.Width/2
	return nil
}

// partNames are the parts of all models, the first of the table at the top.
func partNames(models []Inspection) []string {
	var names []string
	seen := map[string]bool{}
	for _, in := range models {
		for _, part := range in.Params {
			if !seen[part.Part] {
				seen[part.Part] = true
				names = append([]string{part.Part}, names...)
			}
		}
	}
	return names
}

func partValues(in Inspection, names []string) plotter.Values {
	values := make(plotter.Values, len(names))
	for i, name := range names {
		for _, part := range in.Params {
			if part.Part == name {
				values[i] = float64(part.Params) / 1e9
			}
		}
	}
	return values
}

func drawCaches(p *plot.Plot, models []Inspection) error {
	p.Title.Text = "KV cache by context length, " + models[0].Runtime
	p.X.Label.Text, p.Y.Label.Text = "context, tokens", "MiB"
	draw.Logarithmic(p)
	p.Add(plotter.NewGrid())
	p.Legend.Left, p.Legend.Top, p.Legend.Padding = true, true, vg.Millimeter
	for i, in := range models {
		name := in.Facts.Name
		if err := curve(p, name, i, false, cachePoints(in, func(c CacheAt) int64 { return c.Bytes })); err != nil {
			return err
		}
		if len(models) > 1 {
			continue
		}
		if err := curve(p, "every token kept", 1, true, cachePoints(in, func(c CacheAt) int64 { return c.Full })); err != nil {
			return err
		}
		if err := curve(p, "bounded by windows", 2, true, cachePoints(in, func(c CacheAt) int64 { return c.Windowed })); err != nil {
			return err
		}
	}
	return nil
}

func cachePoints(in Inspection, of func(CacheAt) int64) plotter.XYs {
	var points plotter.XYs
	for _, c := range in.Cache {
		points = append(points, plotter.XY{X: float64(c.Context), Y: float64(of(c)) / (1 << 20)})
	}
	return points
}

func drawWork(p *plot.Plot, models []Inspection) error {
	p.Title.Text = "Operations a token (dashed: mean of a prompt)"
	p.X.Label.Text, p.Y.Label.Text = "tokens before it, or of the prompt", "thousand million FLOPs"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Y.Min = 0
	p.Add(plotter.NewGrid())
	p.Legend.Left, p.Legend.Top, p.Legend.Padding = true, true, vg.Millimeter
	for i, in := range models {
		var decode, prefill plotter.XYs
		for _, w := range in.Work {
			at := float64(w.Tokens)
			decode = append(decode, plotter.XY{X: at, Y: float64(w.Decode) / 1e9})
			prefill = append(prefill, plotter.XY{X: at, Y: float64(w.Prefill) / at / 1e9})
		}
		if err := curve(p, in.Facts.Name, i, false, decode); err != nil {
			return err
		}
		if err := curve(p, "", i, true, prefill); err != nil {
			return err
		}
	}
	return nil
}

// curve adds a line with a mark at each point; one without a name is not in the
// legend. Logarithmic axes have no place
// for 0: a line of zeros alone is left out.
func curve(p *plot.Plot, name string, colour int, dashed bool, points plotter.XYs) error {
	var positive plotter.XYs
	for _, at := range points {
		if at.Y > 0 {
			positive = append(positive, at)
		}
	}
	if len(positive) == 0 {
		return nil
	}
	line, marks, err := plotter.NewLinePoints(positive)
	if err != nil {
		return err
	}
	line.Color, line.Width = modelColour(colour), vg.Points(1.5)
	marks.Color, marks.Shape, marks.Radius = modelColour(colour), glyph.CircleGlyph{}, vg.Points(2)
	if dashed {
		line.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
	}
	p.Add(line, marks)
	if name != "" {
		p.Legend.Add(name, line, marks)
	}
	return nil
}
