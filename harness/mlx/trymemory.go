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
	// placeBetween operations lie between two layers' writes: more in a step than the
	// host may be ahead, ten command buffers of 50 and the open one (mlx/scheduler.h,
	// backend/metal/device.cpp), so that what the step before read is let go of.
	placeBetween = 80
)

// mostInPlace is how often caches are held at most that are updated in place: a copy of
// one of eight would be an eighth more.
const mostInPlace = 1.1

// placing is how rows are written: waiting after each step, with operations between two
// layers, and with what the caches were held on to, so that they have to be copied.
type placing struct {
	wait, held bool
	between    int
}

// tryInPlace writes rows into caches, with the next step in flight and with a wait
// after each: a second copy of a cache would stand in the peak.
func tryInPlace(_ context.Context, _ *mlx.Library, s *mlx.Scope) ([]runtime.Reading, error) {
	var out []runtime.Reading
	for _, p := range []struct {
		name string
		placing
	}{
		{"next step in flight: peak over caches", placing{between: placeBetween}},
		{"waiting after each step: peak over caches", placing{wait: true}},
	} {
		ratio, err := peakOfCaches(s, p.placing)
		if err != nil {
			return nil, err
		}
		out = append(out, runtime.Between(p.name, ratio, 1, mostInPlace))
	}
	return out, nil
}

func peakOfCaches(s *mlx.Scope, p placing) (float64, error) {
	caches, former := make([]mlx.Array, placeLayers), make([]mlx.Array, placeLayers)
	var next, current mlx.Array // current is waited for while the step after it is in flight
	defer func() {
		s.Free(&next, &current)
		for i := range caches {
			s.Free(&caches[i], &former[i])
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
			if p.held {
				inner.Set(&former[i], caches[i])
			}
			inner.Set(&caches[i], inner.SliceUpdate(caches[i], next, at, end))
			sum := inner.Add(next, inner.Slice(caches[i], at, end))
			for range p.between {
				sum = inner.Add(sum, inner.Scalar(1, mlx.Float32))
			}
			inner.Set(&next, sum)
		}
		inner.AsyncEval(next) // as a step is handed over: its caches are what it depends on
		if inner.Eval(current); p.wait {
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
