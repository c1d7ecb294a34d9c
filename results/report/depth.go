package report

import (
	"assay/results"
	"assay/results/figure"
)

// depthFigures draws one figure: the residuals of the timed cases that were
// predicted, over the tokens in the cache before them.
func depthFigures(records []results.Record) []Picture {
	decode, prefill := mark{kind: dots, class: "c1"}, mark{kind: dots, class: "c2"}
	var xs, ys []float64
	for _, r := range records {
		if r.Residual == nil || r.Residual.SecondsRatio == nil {
			continue
		}
		p := point{x: float64(r.Case.NDepth), y: 100 * (*r.Residual.SecondsRatio - 1), note: ModelName(r) + " " + r.Case.Test()}
		xs, ys = append(xs, p.x), append(ys, p.y)
		if r.Case.Kind == results.KindDecode {
			decode.points = append(decode.points, p)
		} else {
			prefill.points = append(prefill.points, p)
		}
	}
	if len(xs) == 0 {
		return nil
	}
	shallowest, deepest := extent(xs)
	if shallowest == deepest {
		return nil // nothing to be seen over one depth
	}
	lo, hi := extent(ys)
	c := chart{title: "Residuals over depth", xName: "tokens in the cache", yName: "time over predicted, %", xLabel: figure.Short, yLabel: figure.Short}
	c.x = linear(0, deepest, 5, 10)
	c.y = linear(min(lo, 0), max(hi, 0), 5, 10)
	c.marks = []mark{prefill, decode}
	return []Picture{{Title: "Residuals over depth", SVG: c.svg(), Legend: []entry{{"c1", "decode"}, {"c2", "prefill"}},
		Caption: "Above 0 a case took longer than predicted."}}
}
