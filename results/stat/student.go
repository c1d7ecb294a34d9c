package stat

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// logT is the logarithm of Student's density at 0.
func logT(df float64) float64 {
	return -mathext.Lbeta(df/2, 0.5) - math.Log(df)/2
}

// twoSided is the chance of a Student's t beyond z on either side.
func twoSided(z, df float64) float64 {
	return mathext.RegIncBeta(df/2, 0.5, df/(df+z*z))
}

func quantile(p, df float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.Quantile(p)
}
