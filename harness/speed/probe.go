package speed

import (
	"context"
	goruntime "runtime"
	"sync"

	"assay/harness/machine"
	"assay/predict/machines"
	"assay/results"
	"assay/results/store"
)

// probeBytes are beyond any processor's cache.
const probeBytes = 256 << 20

// ProbeMachine measures a machine that no table lists: the bytes a second that
// all cores read from memory, and the 32-bit operations a second of a matrix
// product in portable Go, which a runtime's own kernels exceed.
func ProbeMachine(ctx context.Context, h results.Host) (machines.Chip, error) {
	bandwidth, err := machine.BestRate(ctx, probeBytes, readPass())
	if err != nil {
		return machines.Chip{}, err
	}
	flops, err := machine.ProductRate(ctx)
	if err != nil {
		return machines.Chip{}, err
	}
	return machines.Chip{Name: h.Chip, Bandwidth: bandwidth, Product: &flops, Measured: true}, nil
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
