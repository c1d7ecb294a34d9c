package mlx

import (
	"context"
	"time"

	"assay/harness/runtime"
	"assay/native/mlx"
)

// A cache as decoding has it: some layers of keys and values, a row a step.
const (
	placeLayers = 8
	placeRows   = 4096
	placeWidth  = 256
	placeSteps  = 24
)

// mostInFlight is how often caches are held at most while a step is in flight: what the
// step before reads, what this one writes, and what becomes of it. Steps as short as
// these are copied on the CPU (seen in 0.32.2); longer ones need not be.
const mostInFlight = 3.1

// tryInPlace writes rows into caches, with the next step in flight and with a wait
// after each: a second copy of a cache would stand in the peak.
func tryInPlace(_ context.Context, _ *mlx.Library, s *mlx.Scope) ([]runtime.Reading, error) {
	var out []runtime.Reading
	for _, wait := range []bool{false, true} {
		name, most := "next step in flight: peak over caches", mostInFlight
		if wait {
			name, most = "waiting after each step: peak over caches", 1.1
		}
		ratio, err := peakOfCaches(s, wait)
		if err != nil {
			return nil, err
		}
		out = append(out, runtime.Between(name, ratio, 1, most))
	}
	return out, nil
}

func peakOfCaches(s *mlx.Scope, wait bool) (float64, error) {
	caches := make([]mlx.Array, placeLayers)
	var next, current mlx.Array // current is waited for while the step after it is in flight
	defer func() {
		s.Free(&next, &current)
		for i := range caches {
			s.Free(&caches[i])
		}
	}()
	first := s.Nested()
	before := s.Memory().Active
	for i := range caches {
		first.Set(&caches[i], first.Contiguous(first.Zeros(mlx.Float32, 1, placeRows, placeWidth)))
	}
	first.Set(&next, first.Zeros(mlx.Float32, 1, 1, placeWidth))
	first.Eval(append(caches, next)...)
	first.Synchronize()
	first.Close()
	s.ResetPeak()
	for step := range placeSteps {
		inner := s.Nested()
		inner.Set(&current, next)
		for i := range caches {
			at, end := []int{0, step, 0}, []int{1, step + 1, placeWidth}
			inner.Set(&caches[i], inner.SliceUpdate(caches[i], next, at, end))
			inner.Set(&next, inner.Add(next, inner.Slice(caches[i], at, end)))
		}
		inner.AsyncEval(append(caches, next)...)
		if inner.Eval(current); wait {
			inner.Synchronize()
		}
		err := inner.Err()
		inner.Close()
		if err != nil {
			return 0, err
		}
	}
	s.Synchronize()
	m := s.Memory()
	return float64(max(m.Peak, m.Active)-before) / (placeLayers * placeRows * placeWidth * 4), s.Err()
}

// arrayRoom is what an array may take beside its bytes: a page, and a reused buffer
// that is larger.
const arrayRoom = 48 << 10

func tryMemory(_ context.Context, _ *mlx.Library, s *mlx.Scope) ([]runtime.Reading, error) {
	const arrays, elements = 16, 100_000
	s.Synchronize()
	before := s.Memory().Active
	inner := s.Nested()
	for range arrays {
		inner.Eval(inner.Contiguous(inner.Zeros(mlx.Float32, elements)))
	}
	inner.Synchronize()
	held := s.Memory().Active - before
	inner.Close()
	s.Synchronize()
	out := []runtime.Reading{
		runtime.Between("16 arrays of 400,000 bytes: active", float64(held), arrays*elements*4, arrays*(elements*4+arrayRoom)),
		runtime.AtMost("freed again: active", float64(s.Memory().Active-before), arrayRoom),
	}
	s.ResetPeak()
	m := s.Memory()
	out = append(out, runtime.AtMost("reset: peak", float64(m.Peak), float64(m.Active)))
	var peaks []float64
	for range 3 {
		s.ClearCache()
		s.ResetPeak()
		work := s.Nested()
		x := drawn(3, 256, 512).in(work)
		for range 12 {
			x = work.Matmul(x, work.Contiguous(work.Zeros(mlx.Float32, 512, 512)))
		}
		work.Eval(x)
		work.Synchronize()
		peaks = append(peaks, float64(s.Memory().Peak))
		work.Close()
	}
	lowest, highest := min(peaks[0], peaks[1], peaks[2]), max(peaks[0], peaks[1], peaks[2])
	return append(out, runtime.Between("peak of the same work, three times: largest over smallest", highest/lowest, 1, 1.1)), s.Err()
}

// tryHost sets the time to hand a step over beside the time until it is done.
func tryHost(_ context.Context, _ *mlx.Library, s *mlx.Scope) ([]runtime.Reading, error) {
	const side = 512
	x, w := drawn(1, side, side).in(s), drawn(2, side, side).in(s)
	best := 1.0
	for range 5 {
		inner := s.Nested()
		y := x
		for range 16 {
			y = inner.Matmul(y, w)
		}
		inner.Synchronize()
		start := time.Now()
		inner.AsyncEval(y)
		submitted := time.Since(start)
		inner.Synchronize()
		best = min(best, submitted.Seconds()/time.Since(start).Seconds())
		err := inner.Err()
		inner.Close()
		if err != nil {
			return nil, err
		}
	}
	return []runtime.Reading{runtime.Between("16 products: share of the time for handing over", best, 0, 0.5)}, nil
}
