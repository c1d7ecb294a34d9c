package report

import (
	"assay/results"
	"assay/results/draw"
	"assay/results/figure"
)

// depthFigures draws one figure: the residuals of the timed cases that were
// predicted, over the tokens in the cache before them.
func depthFigures(records []results.Record) []draw.Picture {
	decode, prefill := draw.Mark{Kind: draw.Dots, Class: "c1"}, draw.Mark{Kind: draw.Dots, Class: "c2"}
	var xs, ys []float64
	for _, r := range records {
		if r.Residual == nil || r.Residual.SecondsRatio == nil {
			continue
		}
		p := draw.Point{X: float64(r.Case.NDepth), Y: 100 * (*r.Residual.SecondsRatio - 1), Note: ModelName(r) + " " + r.Case.Test()}
		xs, ys = append(xs, p.X), append(ys, p.Y)
		if r.Case.Kind == results.KindDecode {
			decode.Points = append(decode.Points, p)
		} else {
			prefill.Points = append(prefill.Points, p)
		}
	}
	if len(xs) == 0 {
		return nil
	}
	shallowest, deepest := draw.Extent(xs)
	if shallowest == deepest {
		return nil // nothing to be seen over one depth
	}
	lo, hi := draw.Extent(ys)
	c := draw.Chart{Title: "Residuals over depth", XName: "tokens in the cache", YName: "time over predicted, %",
		XLabel: figure.Short, YLabel: figure.Short}
	c.X = draw.Linear(0, deepest, 5, 10)
	c.Y = draw.Linear(min(lo, 0), max(hi, 0), 5, 10)
	c.Marks = []draw.Mark{prefill, decode}
	return []draw.Picture{{Title: "Residuals over depth", Chart: c, Legend: []draw.Entry{{Class: "c1", Label: "decode"},
		{Class: "c2", Label: "prefill"}},
		Caption: "Above 0 a case took longer than predicted."}}
}
