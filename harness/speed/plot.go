package speed

import (
	"math"

	"assay/predict/roofline"
	"assay/results/draw"
	"assay/results/figure"
)

// Plot writes the fit's pictures into dir as roofline.svg, predicted.svg and
// residuals.svg, and returns their paths.
func Plot(dir string, fit *roofline.Fit, obs []roofline.Observation) ([]string, error) {
	return draw.Save(dir, map[string]draw.Picture{
		"roofline.svg": drawRoofline(fit.Roofline(obs)), "predicted.svg": drawPredicted(fit.HeldOut()),
		"residuals.svg": drawResiduals(fit.HeldOut()),
	}, "roofline.svg", "predicted.svg", "residuals.svg")
}

func drawRoofline(r roofline.Roofline) draw.Picture {
	dots := draw.Mark{Kind: draw.Dots, Class: draw.Colour(0)}
	ridge := r.FLOPS / r.Bandwidth
	lo, hi, least := ridge, 2*ridge, r.FLOPS
	for _, q := range r.Points {
		dots.Points = append(dots.Points, draw.Point{X: q.Intensity, Y: q.FLOPS})
		lo, hi, least = min(lo, q.Intensity), max(hi, q.Intensity), min(least, q.FLOPS)
	}
	c := draw.Chart{Title: "Roofline", XName: "operations a byte", YName: "operations/s", XLabel: figure.Count, YLabel: figure.Count}
	c.X = draw.Logarithmic(lo, hi, 6, 10)
	c.Y = draw.Logarithmic(min(least, c.X.Lo*r.Bandwidth), r.FLOPS, 5, 10)
	roof := draw.Mark{Kind: draw.Line, Class: draw.Colour(1), Points: []draw.Point{
		{X: c.X.Lo, Y: c.X.Lo * r.Bandwidth}, {X: ridge, Y: r.FLOPS}, {X: c.X.Hi, Y: r.FLOPS},
	}}
	c.Marks = []draw.Mark{roof, dots}
	return draw.Picture{Title: c.Title, Chart: c, Legend: []draw.Entry{{Class: roof.Class, Label: "what the fit allows at best"},
		{Class: dots.Class, Label: "cases"}}}
}

func drawPredicted(held []roofline.HeldOut) draw.Picture {
	c := draw.Chart{Title: "Each case by the fit without its model", XName: "measured seconds", YName: "predicted seconds",
		XLabel: figure.Short, YLabel: figure.Short}
	lo, hi := math.Inf(1), 0.0
	for _, h := range held {
		lo, hi = min(lo, h.Measured, h.Predicted), max(hi, h.Measured, h.Predicted)
	}
	if len(held) == 0 {
		lo, hi = 1, 10
	}
	c.X = draw.Logarithmic(lo, hi, 6, 10)
	c.Y = c.X
	equal := draw.Mark{Kind: draw.Line, Class: draw.Colour(5), Points: []draw.Point{{X: c.X.Lo, Y: c.X.Lo}, {X: c.X.Hi, Y: c.X.Hi}}}
	c.Marks = append([]draw.Mark{equal}, byKind(held, func(h roofline.HeldOut) draw.Point {
		return draw.Point{X: h.Measured,
			Y: h.Predicted}
	})...)
	return draw.Picture{Title: c.Title, Chart: c, Legend: kinds()}
}

func drawResiduals(held []roofline.HeldOut) draw.Picture {
	c := draw.Chart{Title: "Residuals over depth", XName: "tokens in the cache", YName: "measured over predicted, %",
		XLabel: figure.Short, YLabel: figure.Short}
	c.Marks = byKind(held, func(h roofline.HeldOut) draw.Point {
		return draw.Point{X: float64(h.Depth), Y: 100 * (h.Measured/h.Predicted - 1)}
	})
	deepest, lo, hi := 1.0, 0.0, 0.0
	for _, m := range c.Marks {
		for _, p := range m.Points {
			deepest, lo, hi = max(deepest, p.X), min(lo, p.Y), max(hi, p.Y)
		}
	}
	c.X, c.Y = draw.Linear(0, deepest, 5, 10), draw.Linear(lo, hi, 5, 10)
	return draw.Picture{Title: c.Title, Chart: c, Legend: kinds()}
}

// byKind has one mark for decode and one for prefill.
func byKind(held []roofline.HeldOut, at func(roofline.HeldOut) draw.Point) []draw.Mark {
	var marks []draw.Mark
	for i, kind := range []string{roofline.KindDecode, roofline.KindPrefill} {
		one := draw.Mark{Kind: draw.Dots, Class: draw.Colour(i)}
		for _, h := range held {
			if h.Kind == kind {
				one.Points = append(one.Points, at(h))
			}
		}
		marks = append(marks, one)
	}
	return marks
}

// kinds are the colours of byKind.
func kinds() []draw.Entry {
	return []draw.Entry{{Class: draw.Colour(0), Label: roofline.KindDecode}, {Class: draw.Colour(1), Label: roofline.KindPrefill}}
}
