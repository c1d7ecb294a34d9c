package machine

import (
	"context"
	"fmt"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// productSide is that of matrices which fit a processor's cache.
const productSide = 768

// ProductRate is the 32-bit operations a second of a matrix product in portable Go on
// all cores, which a runtime's own kernels exceed.
func ProductRate(ctx context.Context) (float64, error) {
	return productRate(ctx, productSide, productSide)
}

// CoreProductRate is the same on one core, which another load takes less from: gonum
// computes a result of fewer than four blocks of 64 × 64 in one goroutine
// (blas/gonum/sgemm.go).
func CoreProductRate(ctx context.Context) (float64, error) { return productRate(ctx, 128, 64) }

func productRate(ctx context.Context, rows, columns int) (float64, error) {
	matrix := func(rows, columns int) blas32.General {
		m := blas32.General{Rows: rows, Cols: columns, Stride: columns, Data: make([]float32, rows*columns)}
		for i := range m.Data {
			m.Data[i] = float32(i%7) - 3
		}
		return m
	}
	a, b, c := matrix(rows, productSide), matrix(productSide, columns), matrix(rows, columns)
	return BestRate(ctx, float64(2*rows*columns*productSide), func() { blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, a, b, 0, c) })
}

// ratePasses are how often work is repeated.
const ratePasses = 5

// BestRate is the rate, in work a second, of the fastest pass over so much of it: other
// load only ever slows one down.
func BestRate(ctx context.Context, work float64, pass func()) (float64, error) {
	pass() // pages are mapped and caches filled
	var rate float64
	for range ratePasses {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("probe of the machine: %w", err)
		}
		start := time.Now()
		pass()
		rate = max(rate, work/time.Since(start).Seconds())
	}
	return rate, nil
}
