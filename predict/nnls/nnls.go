// Package nnls solves linear least squares over numbers that cannot be negative,
// such as costs. It knows nothing of what they are.
package nnls

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Solve minimises |A·x − b|₂ over x ≥ 0 by the active-set method of Lawson and
// Hanson (Solving Least Squares Problems, Prentice-Hall 1974, algorithm NNLS,
// chapter 23). A is rows × cols with rows ≥ 1; columns should be of similar
// norm, since the optimality test compares gradients across columns.
func Solve(a *mat.Dense, b []float64) ([]float64, error) {
	a, b = triangular(a, b)
	_, cols := a.Dims()
	x := make([]float64, cols)
	passive, refused := make([]bool, cols), make([]bool, cols)
	// The book's Fortran stops after 3·cols passes as well.
	for range 3 * cols {
		j := steepest(a, b, x, passive, refused)
		if j < 0 {
			return x, nil
		}
		passive[j] = true
		err := settle(a, b, x, passive)
		var dependent mat.Condition
		if errors.As(err, &dependent) {
			passive[j] = false
		} else if err != nil {
			return nil, err
		}
		// Rounding, or a column that the others span, puts j straight back: it
		// must not be chosen again before something else has changed.
		if passive[j] {
			clear(refused)
		} else {
			refused[j] = true
		}
	}
	return nil, errors.New("non-negative least squares did not converge; the design is degenerate")
}

// triangular replaces a tall problem by the square one that has the same
// solutions: with [A b] = Q·[R c; 0 ρ], |A·x − b|² = |R·x − c|² + ρ².
func triangular(a *mat.Dense, b []float64) (*mat.Dense, []float64) {
	rows, cols := a.Dims()
	if rows <= cols {
		return a, b
	}
	both := mat.NewDense(rows, cols+1, nil)
	both.Augment(a, mat.NewVecDense(rows, b))
	var qr mat.QR
	qr.Factorize(both)
	var r mat.Dense
	qr.RTo(&r)
	return mat.DenseCopyOf(r.Slice(0, cols, 0, cols)), mat.Col(nil, cols, r.Slice(0, cols, 0, cols+1))
}

// steepest is the column held at zero along which the error falls fastest, or
// -1 when none does: then x meets the Kuhn-Tucker conditions.
func steepest(a *mat.Dense, b, x []float64, passive, refused []bool) int {
	rows, cols := a.Dims()
	residual := mat.NewVecDense(rows, nil)
	residual.MulVec(a, mat.NewVecDense(cols, x))
	residual.SubVec(mat.NewVecDense(rows, b), residual)
	scale := mat.Norm(a, 2) * mat.Norm(mat.NewVecDense(rows, b), 2)
	best, at := 1e-12*scale, -1
	for j := range cols {
		if passive[j] || refused[j] {
			continue
		}
		if w := mat.Dot(a.ColView(j), residual); w > best {
			best, at = w, j
		}
	}
	return at
}

// settle moves x to the least-squares solution over the passive columns,
// putting back to zero those that would turn negative.
func settle(a *mat.Dense, b, x []float64, passive []bool) error {
	for {
		z, err := solvePassive(a, b, passive)
		if err != nil {
			return err
		}
		step, first := 1.0, -1
		for j := range x {
			if passive[j] && z[j] <= 0 {
				s := 0.0
				if x[j] > 0 {
					s = x[j] / (x[j] - z[j])
				}
				if first < 0 || s < step {
					step, first = s, j
				}
			}
		}
		if first < 0 {
			copy(x, z)
			return nil
		}
		for j := range x {
			if passive[j] {
				x[j] += step * (z[j] - x[j])
			}
		}
		x[first], passive[first] = 0, false
	}
}

// solvePassive is ordinary least squares over the passive columns, by QR;
// the entries of the others are 0.
func solvePassive(a *mat.Dense, b []float64, passive []bool) ([]float64, error) {
	rows, cols := a.Dims()
	var index []int
	for j := range cols {
		if passive[j] {
			index = append(index, j)
		}
	}
	z := make([]float64, cols)
	if len(index) == 0 {
		return z, nil
	}
	if rows < len(index) {
		return nil, errors.New("there are fewer observations than parameters")
	}
	sub := mat.NewDense(rows, len(index), nil)
	for k, j := range index {
		sub.SetCol(k, mat.Col(nil, j, a))
	}
	var qr mat.QR
	qr.Factorize(sub)
	var s mat.VecDense
	err := qr.SolveVecTo(&s, false, mat.NewVecDense(rows, b))
	if ill := mat.Condition(0); errors.As(err, &ill) && !math.IsInf(float64(ill), 1) {
		err = nil // nearly dependent columns still have a solution
	}
	if err != nil {
		return nil, err
	}
	for k, j := range index {
		z[j] = s.AtVec(k)
	}
	return z, nil
}
