package roofline

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// maxInflation is the variance inflation factor above which a parameter counts
// as not separable from the others: its standard error is then over five times
// what it would be if the columns were orthogonal. Belsley, Kuh and Welsch
// (Regression Diagnostics, Wiley 1980, chapter 3) warn from 10 on; 30 is their
// strong dependency of the condition index.
const maxInflation = 30

// collinear is what the design says of the parameters before any time is seen.
type collinear struct {
	// condition is the ratio of the largest to the smallest singular value of
	// the design with columns of length 1.
	condition float64
	// with names, for each parameter that the others can imitate, those that
	// do it.
	with map[string][]string
}

// identify decomposes the scaled design: a small singular value is a
// combination of parameters that the observations cannot tell apart, and the
// large entries of its vector are the parameters in it.
func identify(names []string, design *mat.Dense) collinear {
	rows, cols := design.Dims()
	a := mat.DenseCopyOf(design)
	norms := scaleColumns(a)
	out := collinear{condition: math.Inf(1), with: map[string][]string{}}
	var svd mat.SVD
	if rows < cols || slices.Min(norms) == 0 || !svd.Factorize(a, mat.SVDThin) {
		return out
	}
	values := svd.Values(nil)
	var v mat.Dense
	svd.VTo(&v)
	out.condition = values[0] / values[cols-1]
	for j, name := range names {
		shares, inflation := varianceShares(&v, values, j)
		if inflation > maxInflation {
			out.with[name] = partners(names, &v, j, argmax(shares))
		}
	}
	return out
}

// varianceShares are the contributions of each singular value to the variance
// of parameter j, and their sum, the variance inflation factor.
func varianceShares(v *mat.Dense, values []float64, j int) ([]float64, float64) {
	shares, sum := make([]float64, len(values)), 0.0
	for k, s := range values {
		x := v.At(j, k) / s
		shares[k] = x * x
		sum += shares[k]
	}
	return shares, sum
}

// partners are the other parameters with a large entry in singular vector k.
func partners(names []string, v *mat.Dense, j, k int) []string {
	var out []string
	for i, n := range names {
		if i != j && math.Abs(v.At(i, k)) > 0.25 {
			out = append(out, n)
		}
	}
	return out
}

func argmax(v []float64) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}
