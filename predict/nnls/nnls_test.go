package nnls

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func TestNNLS(t *testing.T) {
	tests := map[string]struct {
		rows, cols int
		a, b, want []float64
	}{
		"interior solution is least squares": {3, 2, []float64{1, 0, 0, 1, 1, 1}, []float64{1, 2, 3}, []float64{1, 2}},
		"negative coefficient goes to zero":  {2, 2, []float64{1, 1, 0, 1}, []float64{2, -1}, []float64{2, 0}},
		"nothing helps":                      {2, 1, []float64{1, 1}, []float64{-1, -2}, []float64{0}},
		"column of zeros stays at zero":      {2, 2, []float64{1, 0, 1, 0}, []float64{3, 3}, []float64{3, 0}},
		"the same column twice counts once":  {2, 2, []float64{1, 1, 2, 2}, []float64{3, 6}, []float64{3, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			x, err := Solve(mat.NewDense(tt.rows, tt.cols, tt.a), tt.b)
			require.NoError(t, err)
			assert.InDeltaSlice(t, tt.want, x, 1e-12)
		})
	}
}

// The Kuhn-Tucker conditions are necessary and sufficient: x ≥ 0, the gradient
// w = Aᵀ(b − Ax) ≤ 0, and w = 0 wherever x > 0.
func TestNNLSMeetsKuhnTucker(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		rows, cols := 3+r.IntN(20), 1+r.IntN(8)
		a, b := mat.NewDense(rows, cols, nil), make([]float64, rows)
		for i := range rows {
			b[i] = r.NormFloat64()
			for j := range cols {
				a.Set(i, j, r.NormFloat64())
			}
		}
		x, err := Solve(a, b)
		if rows < cols && err != nil {
			continue // more parameters than observations may be refused
		}
		require.NoError(t, err)
		var residual, w mat.VecDense
		residual.MulVec(a, mat.NewVecDense(cols, x))
		residual.SubVec(mat.NewVecDense(rows, b), &residual)
		w.MulVec(a.T(), &residual)
		for j := range cols {
			require.GreaterOrEqual(t, x[j], 0.0)
			require.LessOrEqual(t, w.AtVec(j), 1e-9)
			if x[j] > 0 {
				require.InDelta(t, 0, w.AtVec(j), 1e-9)
			}
		}
	}
}
