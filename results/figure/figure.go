// Package figure says how a number looks to people: bytes, operations, rates,
// durations, shares. Prefixes are chosen by golang.org/x/perf/benchunit; sizes
// have binary ones, as llama.cpp's log has. It must not know who prints, and
// nothing that it wrote is read again: JSON and CSV have base units.
package figure

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/perf/benchunit"
)

// Bytes is a size to two digits: "392.00 MiB"; below a KiB it is exact.
func Bytes(n int64) string {
	scale := scaler(float64(n), benchunit.Binary)
	if scale.Prefix == "" {
		return strconv.FormatInt(n, 10) + " B"
	}
	scale.Prec, scale.Prefix = 2, " "+scale.Prefix
	return scale.Format(float64(n)) + "B"
}

// Size is a size with the digits that mean something: "112 MiB", "59.5 MiB".
func Size(n float64) string {
	scale := scaler(n, benchunit.Binary)
	return Short(n/scale.Factor) + " " + scale.Prefix + "B"
}

// SignedSize is a difference of sizes: "+16 KiB", "0".
func SignedSize(n int64) string { return signed(n, Size) }

// SignedCount is a difference of counts: "+1.5 k", "0".
func SignedCount(n int64) string { return signed(n, Count) }

func signed(n int64, words func(float64) string) string {
	switch {
	case n == 0:
		return "0"
	case n > 0:
		return "+" + words(float64(n))
	}
	return "-" + words(-float64(n))
}

// Ops is a count of operations or parameters to two digits: "1.52 T".
func Ops(n int64) string {
	scale := scaler(float64(n), benchunit.Decimal)
	scale.Prec = 2
	if scale.Prefix != "" {
		scale.Prefix = " " + scale.Prefix
	}
	return scale.Format(float64(n))
}

// Count is a number with a decimal prefix and the digits that mean something:
// "1.5 T", "512".
func Count(n float64) string {
	scale := scaler(n, benchunit.Decimal)
	return strings.TrimSpace(Short(n/scale.Factor) + " " + scale.Prefix)
}

// scaler chooses the prefix of a number. benchunit goes no further than tera and
// below one, where counts and sizes have no prefix.
func scaler(n float64, class benchunit.Class) benchunit.Scaler {
	n = math.Abs(n)
	switch {
	case class == benchunit.Decimal && n >= 1e18:
		return benchunit.Scaler{Factor: 1e18, Prefix: "E"}
	case class == benchunit.Decimal && n >= 1e15:
		return benchunit.Scaler{Factor: 1e15, Prefix: "P"}
	case n < 1:
		return benchunit.Scaler{Factor: 1}
	}
	return benchunit.CommonScale([]float64{n}, class)
}

// Short is a number with three digits that mean something.
func Short(n float64) string {
	digits := 2
	if a := math.Abs(n); a >= 100 {
		digits = 0
	} else if a >= 10 {
		digits = 1
	}
	s := strconv.FormatFloat(n, 'f', digits, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// Rate is a number of things a second with three digits, or all before the point.
func Rate(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// PlusMinus is a rate and its deviation to the same digit: "87.0 ± 1.2".
func PlusMinus(v, deviation float64) string {
	digits := 2
	if v >= 100 {
		digits = 0
	} else if v >= 10 {
		digits = 1
	}
	return fmt.Sprintf("%s ± %.*f", Rate(v), digits, deviation)
}

// Speed is a rate with one digit more: changes of a per cent show there.
func Speed(v float64) string {
	if v >= 1000 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// SampleTime is what users read of the time of one sample: tokens per second
// where it has tokens, else seconds.
func SampleTime(ns float64, tokens int) string {
	switch {
	case ns <= 0:
		return "-"
	case tokens > 0:
		return fmt.Sprintf("%.4g t/s", float64(tokens)*1e9/ns)
	}
	return fmt.Sprintf("%.4g s", ns/1e9)
}

// Seconds is a duration in the largest unit that leaves it above 1: "3.2 ms".
// What is below a femtosecond is 0.
func Seconds(s float64) string {
	if s < 1e-15 {
		return "0"
	}
	units := []string{"s", "ms", "µs", "ns", "ps"}
	i := 0
	for ; s < 1 && i < len(units)-1; i++ {
		s *= 1000
	}
	return fmt.Sprintf("%.3g %s", s, units[i])
}

// Percent is a share: "8.1 %".
func Percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// Change is a relative change: "+8.1 %".
func Change(relative float64) string { return fmt.Sprintf("%+.1f %%", 100*relative) }

// Off is how far a figure is from another, relative to it; of a difference that
// [Change] would round to nothing one digit is left.
func Off(relative float64) string {
	if p := 100 * relative; p != 0 && math.Abs(p) < 0.05 {
		return fmt.Sprintf("%+.1g %%", p)
	}
	return Change(relative)
}

// Between are the bounds of a relative change: "+6.1 to +9.9 %".
func Between(lo, hi float64) string { return fmt.Sprintf("%+.1f to %+.1f %%", 100*lo, 100*hi) }

// Number is a whole number as it is, and another with four digits.
func Number(x float64) string {
	if x == math.Trunc(x) {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.4g", x)
}

// Several is a number of things: "1 case", "2 cases".
func Several(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Context is a length in tokens; powers of two are as people say them: 4096 as 4k.
func Context(n int) string {
	if n >= 1024 && n%1024 == 0 {
		return strconv.Itoa(n/1024) + "k"
	}
	return strconv.Itoa(n)
}
