package draw

import (
	"math"
)

// Scale maps values to the range 0..1 of an axis.
type Scale struct {
	Lo, Hi float64
	Log    bool
	Ticks  []float64
}

// At is where a value lies, 0 at the beginning and 1 at the end.
func (s Scale) At(v float64) float64 {
	lo, hi := s.Lo, s.Hi
	if s.Log {
		v, lo, hi = math.Log(v), math.Log(lo), math.Log(hi)
	}
	if hi == lo {
		return 0.5
	}
	return (v - lo) / (hi - lo)
}

// Linear returns a scale over lo..hi with about n ticks at round numbers,
// widened to the outer ticks. base is 10, or 1024 for sizes.
func Linear(lo, hi float64, n int, base float64) Scale {
	if hi <= lo {
		lo, hi = lo-math.Abs(lo)/20-1e-9, hi+math.Abs(hi)/20+1e-9
	}
	step := roundStep((hi-lo)/float64(n), base)
	s := Scale{Lo: math.Floor(lo/step+1e-9) * step, Hi: math.Ceil(hi/step-1e-9) * step}
	for i := math.Round(s.Lo / step); i <= math.Round(s.Hi/step); i++ {
		s.Ticks = append(s.Ticks, i*step)
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

// Logarithmic returns a scale over lo..hi widened to powers of base, with at
// most n+1 ticks. Over less than three powers of ten it has those between, at 1, 2
// and 5, and begins and ends at one of them.
func Logarithmic(lo, hi float64, n int, base float64) Scale {
	if base == 10 && hi/lo < 1000 {
		return withinDecades(lo, hi)
	}
	first, last := int(math.Floor(logBase(lo, base)+1e-9)), int(math.Ceil(logBase(hi, base)-1e-9))
	if last == first {
		last++
	}
	s := Scale{Lo: math.Pow(base, float64(first)), Hi: math.Pow(base, float64(last)), Log: true}
	every := (last-first)/n + 1
	for i := first; i <= last; i += every {
		s.Ticks = append(s.Ticks, math.Pow(base, float64(i)))
	}
	return s
}

// withinDecades is a logarithmic scale from one of 1, 2 and 5 times a power of ten to
// another.
func withinDecades(lo, hi float64) Scale {
	s := Scale{Log: true}
	for i := math.Floor(logBase(lo, 10)) - 1; len(s.Ticks) < 2 || s.Ticks[len(s.Ticks)-1] < hi*(1-1e-9); i++ {
		for _, m := range []float64{1, 2, 5} {
			v := m * math.Pow(10, i)
			if v <= lo*(1+1e-9) {
				s.Ticks = s.Ticks[:0] // the last of these is the first
			}
			if s.Ticks = append(s.Ticks, v); v >= hi*(1-1e-9) && len(s.Ticks) > 1 {
				break
			}
		}
	}
	s.Lo, s.Hi = s.Ticks[0], s.Ticks[len(s.Ticks)-1]
	return s
}

func logBase(v, base float64) float64 { return math.Log(v) / math.Log(base) }

// Extent returns the least and the greatest of the finite values.
func Extent(values []float64) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		lo, hi = math.Min(lo, v), math.Max(hi, v)
	}
	return lo, hi
}
