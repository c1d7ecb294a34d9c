package mlx

import (
	"math"
	"math/rand/v2"

	"assay/native/mlx"
)

// matrix has its numbers in row order, in Go and, once asked for, in MLX.
type matrix struct {
	rows, cols int
	data       []float32
}

// drawn is a matrix of numbers between -1 and 1, the same for a seed.
func drawn(seed uint64, rows, cols int) matrix {
	r := rand.New(rand.NewPCG(seed, 7))
	m := matrix{rows, cols, make([]float32, rows*cols)}
	for i := range m.data {
		m.data[i] = float32(2*r.Float64() - 1)
	}
	return m
}

func (m matrix) row(i int) []float32 { return m.data[i*m.cols : (i+1)*m.cols] }

// in is the matrix in MLX, with leading axes of size 1.
func (m matrix) in(s *mlx.Scope, leading ...int) mlx.Array {
	return s.Float32s(m.data, append(leading, m.rows, m.cols)...)
}

// transposed is the matrix turned.
func (m matrix) transposed() matrix {
	out := matrix{m.cols, m.rows, make([]float32, len(m.data))}
	for i := range m.rows {
		for j := range m.cols {
			out.data[j*m.rows+i] = m.data[i*m.cols+j]
		}
	}
	return out
}

// exact are numbers computed in 64 bits, and the size that their rounding goes by.
type exact struct {
	numbers []float64
	size    float64
}

// times is a·bᵀ, summed in 64 bits. A sum that cancels is as rough as one that does
// not: its size is that of a sum of so many terms without a common sign.
func (m matrix) times(b matrix) exact {
	var out exact
	for i := range m.rows {
		for j := range b.rows {
			sum, terms := dot(m.row(i), b.row(j))
			out.numbers = append(out.numbers, sum)
			out.size = max(out.size, terms/math.Sqrt(float64(m.cols)))
		}
	}
	return out
}

// dot is the sum of the products, and that of their magnitudes.
func dot(a, b []float32) (sum, terms float64) {
	for i := range a {
		product := float64(a[i]) * float64(b[i])
		sum, terms = sum+product, terms+math.Abs(product)
	}
	return sum, terms
}

// apart is the largest difference as a share of the size; what has not the same
// length, or has what is no number in it, is infinitely far.
func (e exact) apart(got []float32) float64 {
	if len(e.numbers) != len(got) || e.size <= 0 {
		return math.Inf(1)
	}
	most := 0.0
	for i, w := range e.numbers {
		d := math.Abs(w - float64(got[i]))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		most = max(most, d)
	}
	return most / e.size
}
