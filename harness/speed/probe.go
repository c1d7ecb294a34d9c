package speed

import (
	"context"
	"fmt"
	goruntime "runtime"
	"sync"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"assay/predict/machines"
	"assay/results"
	"assay/results/store"
)

// What the probes work on: buffers beyond any processor's cache, and matrices
// within one.
const (
	probeBytes  = 256 << 20
	probeMatrix = 768
	probePasses = 5
)

// ProbeMachine measures a machine that no table lists: the bytes a second that
// all cores read from memory, and the 32-bit operations a second of a matrix
// product in portable Go, which a runtime's own kernels exceed.
func ProbeMachine(ctx context.Context, h results.Host) (machines.Chip, error) {
	bandwidth, err := best(ctx, probeBytes, readPass())
	if err != nil {
		return machines.Chip{}, err
	}
	flops, err := best(ctx, 2*probeMatrix*probeMatrix*probeMatrix, productPass())
	if err != nil {
		return machines.Chip{}, err
	}
	return machines.Chip{Name: h.Chip, Bandwidth: bandwidth, Product: &flops, Measured: true}, nil
}

// best is the rate of the fastest pass over so much work: other load only ever
// slows one down.
func best(ctx context.Context, work float64, pass func()) (float64, error) {
	pass() // pages are mapped and caches filled
	var rate float64
	for range probePasses {
		if err := ctx.Err(); err != nil {
			return 0, fmt.Errorf("probe of the machine: %w", err)
		}
		start := time.Now()
		pass()
		rate = max(rate, work/time.Since(start).Seconds())
	}
	return rate, nil
}

// readPass reads probeBytes with one goroutine a core.
func readPass() func() {
	cores := goruntime.GOMAXPROCS(0)
	parts, sums := make([][]uint64, cores), make([]uint64, cores)
	for i := range parts {
		parts[i] = make([]uint64, probeBytes/8/cores)
		for j := range parts[i] {
			parts[i][j] = uint64(j)
		}
	}
	return func() {
		var all sync.WaitGroup
		for i := range parts {
			all.Go(func() { sums[i] = sum(parts[i]) })
		}
		all.Wait()
	}
}

// sum adds with four chains, so that it waits for memory and not for itself.
func sum(v []uint64) uint64 {
	var a, b, c, d uint64
	for ; len(v) >= 4; v = v[4:] {
		a, b, c, d = a+v[0], b+v[1], c+v[2], d+v[3]
	}
	return a + b + c + d
}

// productPass multiplies two matrices on all cores.
func productPass() func() {
	matrix := func() blas32.General {
		m := blas32.General{Rows: probeMatrix, Cols: probeMatrix, Stride: probeMatrix, Data: make([]float32, probeMatrix*probeMatrix)}
		for i := range m.Data {
			m.Data[i] = float32(i%7) - 3
		}
		return m
	}
	a, b, c := matrix(), matrix(), matrix()
	return func() { blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, a, b, 0, c) }
}

// chipDocument is the kind under which the store keeps measured chips.
const chipDocument = "chip"

// KeepChip stores what a probe measured of the machine.
func KeepChip(ctx context.Context, s *store.Store, h results.Host, c machines.Chip) error {
	return s.PutDocument(ctx, chipDocument, h.Machine(), c)
}

// KnownChip is the machine's chip: from the table of Apple's, or as 'doctor
// --bench' measured it; nil where neither is known.
func KnownChip(ctx context.Context, s *store.Store, h results.Host) (*machines.Chip, error) {
	cores := 0
	if h.GPUCores != nil {
		cores = *h.GPUCores
	}
	if c, err := machines.FindChip(h.Chip, cores); err == nil {
		return &c, nil
	}
	var c machines.Chip
	found, err := s.Document(ctx, chipDocument, h.Machine(), &c)
	if err != nil || !found {
		return nil, err
	}
	return &c, nil
}
