package speed

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"assay/predict/roofline"
	"assay/results/draw"
)

// Plot writes the fit's pictures into dir as roofline.svg, predicted.svg and
// residuals.svg, and returns their paths.
func Plot(dir string, fit *roofline.Fit, obs []roofline.Observation) ([]string, error) {
	return draw.Save(dir, []draw.Picture{
		{Name: "roofline.svg", Draw: func(p *plot.Plot) error { return drawRoofline(p, fit.Roofline(obs)) }},
		{Name: "predicted.svg", Draw: func(p *plot.Plot) error { return drawPredicted(p, fit.HeldOut()) }},
		{Name: "residuals.svg", Draw: func(p *plot.Plot) error { return drawResiduals(p, fit.HeldOut()) }},
	})
}

// kindColours distinguish decode and prefill, also without colour sight.
var kindColours = map[string]color.Color{
	roofline.KindDecode:  color.RGBA{R: 0x1b, G: 0x6c, B: 0xa8, A: 0xff},
	roofline.KindPrefill: color.RGBA{R: 0xd9, G: 0x5f, B: 0x02, A: 0xff},
}

func drawRoofline(p *plot.Plot, r roofline.Roofline) error {
	p.Title.Text = "Roofline"
	p.X.Label.Text, p.Y.Label.Text = "operations a byte", "GFLOP/s"
	draw.Logarithmic(p)
	var points plotter.XYs
	lo, hi := math.Inf(1), 0.0
	for _, q := range r.Points {
		points = append(points, plotter.XY{X: q.Intensity, Y: q.FLOPS / 1e9})
		lo, hi = min(lo, q.Intensity), max(hi, q.Intensity)
	}
	ridge := r.FLOPS / r.Bandwidth
	hi = max(hi, 2*ridge)
	roof, err := plotter.NewLine(plotter.XYs{{X: lo, Y: lo * r.Bandwidth / 1e9}, {X: ridge, Y: r.FLOPS / 1e9}, {X: hi, Y: r.FLOPS / 1e9}})
	if err != nil {
		return err
	}
	dots, err := plotter.NewScatter(points)
	if err != nil {
		return err
	}
	p.Add(plotter.NewGrid(), roof, dots)
	p.Legend.Add("what the fit allows at best", roof)
	p.Legend.Add("cases", dots)
	p.Legend.Left, p.Legend.Top = true, true
	return nil
}

func drawPredicted(p *plot.Plot, held []roofline.HeldOut) error {
	p.Title.Text = "Each case by the fit without its model"
	p.X.Label.Text, p.Y.Label.Text = "measured seconds", "predicted seconds"
	draw.Logarithmic(p)
	lo, hi := math.Inf(1), 0.0
	for _, h := range held {
		lo, hi = min(lo, h.Measured, h.Predicted), max(hi, h.Measured, h.Predicted)
	}
	equal, err := plotter.NewLine(plotter.XYs{{X: lo, Y: lo}, {X: hi, Y: hi}})
	if err != nil {
		return err
	}
	p.Add(plotter.NewGrid(), equal)
	p.Legend.Left, p.Legend.Top = true, true
	return byKind(p, held, func(h roofline.HeldOut) plotter.XY { return plotter.XY{X: h.Measured, Y: h.Predicted} })
}

func drawResiduals(p *plot.Plot, held []roofline.HeldOut) error {
	p.Title.Text = "Residuals over depth"
	p.X.Label.Text, p.Y.Label.Text = "tokens in the cache", "measured over predicted, %"
	p.Add(plotter.NewGrid(), plotter.NewFunction(func(float64) float64 { return 0 }))
	p.Legend.Top = true
	err := byKind(p, held, func(h roofline.HeldOut) plotter.XY {
		return plotter.XY{X: float64(h.Depth), Y: 100 * (h.Measured/h.Predicted - 1)}
	})
	p.Y.Max += 0.2 * (p.Y.Max - p.Y.Min) // room for the legend
	return err
}

// byKind adds one scatter for decode and one for prefill.
func byKind(p *plot.Plot, held []roofline.HeldOut, at func(roofline.HeldOut) plotter.XY) error {
	for _, kind := range []string{roofline.KindDecode, roofline.KindPrefill} {
		var points plotter.XYs
		for _, h := range held {
			if h.Kind == kind {
				points = append(points, at(h))
			}
		}
		if len(points) == 0 {
			continue
		}
		dots, err := plotter.NewScatter(points)
		if err != nil {
			return err
		}
		dots.Color = kindColours[kind]
		p.Add(dots)
		p.Legend.Add(kind, dots)
	}
	return nil
}
