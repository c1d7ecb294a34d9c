// Package tensorfile holds what model files have in common, whatever their
// format: a header, behind it the data of tensors, and errors that name the
// place. It knows no format; gguf and safetensors build on it.
package tensorfile

import (
	"fmt"
	"math/bits"
)

// Error is a defect of a file, or a failure to read it, at one place.
type Error struct {
	File   string // as the caller named it
	Offset int64  // bytes from the start of the file
	Field  string // what was being read there
	Err    error
}

// Error reads as one sentence.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: at byte %d: %s: %v", e.File, e.Offset, e.Field, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Product multiplies counts and reports whether none is negative and the
// product is below 2^63, also where a later factor is 0.
func Product(factors ...int64) (int64, bool) {
	p, zero := uint64(1), false
	for _, f := range factors {
		if f < 0 {
			return 0, false
		}
		if f == 0 {
			zero = true
			continue
		}
		high, low := bits.Mul64(p, uint64(f))
		if high != 0 || low >= 1<<63 {
			return 0, false
		}
		p = low
	}
	if zero {
		return 0, true
	}
	return int64(p), true
}
