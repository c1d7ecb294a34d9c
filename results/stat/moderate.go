package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// moderate draws each case's variance towards the one that the family shares,
// as far as the cases agree on it: the empirical Bayes variance of Smyth
// (Linear models and empirical Bayes methods, 2004, section 6; limma's
// fitFDist and squeezeVar). Ten samples say little about a variance and a
// hundred cases a lot. It returns the variances and their degrees of freedom;
// a case without degrees of freedom of its own gets the family's.
func moderate(vars, dfs []float64) (post, df []float64) {
	prior, priorDF := fitPrior(vars, dfs)
	post, df = make([]float64, len(vars)), make([]float64, len(vars))
	for i, v := range vars {
		switch {
		case math.IsInf(priorDF, 1):
			post[i], df[i] = prior, priorDF
		case dfs[i]+priorDF == 0:
			post[i], df[i] = math.NaN(), 0
		default:
			df[i] = priorDF + dfs[i]
			sum := priorDF * prior
			if dfs[i] > 0 {
				sum += dfs[i] * v
			}
			post[i] = sum / df[i]
		}
	}
	return post, df
}

// fitPrior fits a scaled F distribution to the variances by the moments of
// their logarithms. Degrees of freedom of infinity mean that the cases share
// one variance, 0 that nothing is known of the family.
func fitPrior(vars, dfs []float64) (prior, priorDF float64) {
	var e, expected []float64
	var lastDF, di, tri float64
	sum, weight := 0.0, 0.0
	for i, v := range vars {
		if dfs[i] <= 0 || !(v > 0) {
			continue
		}
		if dfs[i] != lastDF {
			lastDF = dfs[i]
			di = mathext.Digamma(lastDF/2) - math.Log(lastDF/2)
			tri = trigamma(lastDF / 2)
		}
		e = append(e, math.Log(v)-di)
		expected = append(expected, tri)
		sum += dfs[i] * v
		weight += dfs[i]
	}
	if len(e) < 2 {
		return 0, 0
	}
	excess := variance(e) - mean(expected)
	if excess <= 0 {
		return sum / weight, math.Inf(1)
	}
	half := trigammaInverse(excess)
	return math.Exp(mean(e) + mathext.Digamma(half) - math.Log(half)), 2 * half
}

// trigamma is the second derivative of log Γ, which is Hurwitz's ζ(2, x).
func trigamma(x float64) float64 { return mathext.Zeta(2, x) }

// trigammaInverse solves trigamma(x) = y by Newton's method on 1/trigamma,
// which is nearly linear (Smyth 2004, appendix).
func trigammaInverse(y float64) float64 {
	switch {
	case y > 1e7:
		return 1 / math.Sqrt(y)
	case y < 1e-6:
		return 1 / y
	}
	x := 0.5 + 1/y
	for range 50 {
		tri := trigamma(x)
		step := tri * (1 - tri/y) / tetragamma(x)
		x += step
		if -step/x < 1e-8 {
			break
		}
	}
	return x
}

// tetragamma is the third derivative of log Γ, -2 ζ(3, x).
func tetragamma(x float64) float64 { return -2 * mathext.Zeta(3, x) }
