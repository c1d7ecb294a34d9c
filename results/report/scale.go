package report

import (
	"math"
)

// scale maps values to the range 0..1 of an axis.
type scale struct {
	lo, hi float64
	log    bool
	ticks  []float64
}

func (s scale) at(v float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		v, lo, hi = math.Log(v), math.Log(lo), math.Log(hi)
	}
	if hi == lo {
		return 0.5
	}
	return (v - lo) / (hi - lo)
}

// linear returns a scale over lo..hi with about n ticks at round numbers,
// widened to the outer ticks. base is 10, or 1024 for sizes.
func linear(lo, hi float64, n int, base float64) scale {
	if hi <= lo {
		lo, hi = lo-math.Abs(lo)/20-1e-9, hi+math.Abs(hi)/20+1e-9
	}
	step := roundStep((hi-lo)/float64(n), base)
	s := scale{lo: math.Floor(lo/step+1e-9) * step, hi: math.Ceil(hi/step-1e-9) * step}
	for i := math.Round(s.lo / step); i <= math.Round(s.hi/step); i++ {
		s.ticks = append(s.ticks, i*step)
	}
	return s
}

// roundStep returns the smallest round multiple of a power of base that is not
// below step: 1, 2 and 5 times a power of ten, or a power of two.
func roundStep(step, base float64) float64 {
	if base == 1024 {
		return math.Pow(2, math.Ceil(math.Log2(step)-1e-9))
	}
	unit := math.Pow(10, math.Floor(math.Log10(step)))
	for _, m := range []float64{1, 2, 5} {
		if m*unit >= step*(1-1e-9) {
			return m * unit
		}
	}
	return 10 * unit
}

// logarithmic returns a scale over lo..hi widened to powers of base, with at
// most n+1 ticks.
func logarithmic(lo, hi float64, n int, base float64) scale {
	first, last := int(math.Floor(logBase(lo, base)+1e-9)), int(math.Ceil(logBase(hi, base)-1e-9))
	if last == first {
		last++
	}
	s := scale{lo: math.Pow(base, float64(first)), hi: math.Pow(base, float64(last)), log: true}
	every := (last-first)/n + 1
	for i := first; i <= last; i += every {
		s.ticks = append(s.ticks, math.Pow(base, float64(i)))
	}
	return s
}

func logBase(v, base float64) float64 { return math.Log(v) / math.Log(base) }

// extent returns the least and the greatest of the finite values.
func extent(values []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		lo, hi = math.Min(lo, v), math.Max(hi, v)
	}
	return lo, hi
}
