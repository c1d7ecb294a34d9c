package stat

import "slices"

// Median is the middle of the values, or the mean of the middle two. It needs at
// least one.
func Median[T int64 | float64](xs []T) float64 {
	s := slices.Sorted(slices.Values(xs))
	n := len(s)
	return (float64(s[(n-1)/2]) + float64(s[n/2])) / 2
}
