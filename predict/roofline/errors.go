package roofline

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Errors summarises relative errors.
type Errors struct {
	N      int     `json:"n"`
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
	Max    float64 `json:"max"`
}

func errorsOf(v []float64) Errors {
	if len(v) == 0 {
		return Errors{}
	}
	e := Errors{N: len(v), Median: median(v)}
	e.P95, e.Max = stat.Quantile(0.95, stat.LinInterp, v, nil), v[len(v)-1]
	return e
}

// median is the middle of v, which it sorts. The results have one of their own:
// a prediction shares no code with what judges it.
func median(v []float64) float64 {
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// relative is the error of a prediction as a share of the measurement.
func relative(predicted, measured float64) float64 { return math.Abs(predicted/measured - 1) }

const coverage = 0.95

// leastResiduals is the smallest number from which 95 % can be claimed: of
// fewer, even the largest residual lies too low (1/(n+1) above it).
const leastResiduals = 19

// rank is the place, counted from 1, of the conformal quantile among n sorted
// residuals.
func rank(n int) int { return min(n, int(math.Ceil(coverage*float64(n+1)))) }
