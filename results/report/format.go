package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"assay/results"
)

// bytes returns a size with a binary unit: "112 MiB".
func bytes(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for math.Abs(n) >= 1024 && i < len(units)-1 {
		n /= 1024
		i++
	}
	return short(n) + " " + units[i]
}

// signed returns a size with its sign: "+16 KiB", "0".
func signed(n int64) string {
	if n == 0 {
		return "0"
	}
	if n > 0 {
		return "+" + bytes(float64(n))
	}
	return "\u2212" + bytes(float64(-n))
}

// si returns a number with a decimal prefix: "1.52 T".
func si(n float64) string {
	units := []string{"", " k", " M", " G", " T", " P"}
	i := 0
	for math.Abs(n) >= 1000 && i < len(units)-1 {
		n /= 1000
		i++
	}
	return short(n) + units[i]
}

// short returns a number with three digits that mean something.
func short(n float64) string {
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

// tokensPerSecond returns a speed with its interval.
func tokensPerSecond(s *results.TokensPerSecond) string {
	if s == nil {
		return ""
	}
	if s.CI95 == nil {
		return speed(s.Median)
	}
	return fmt.Sprintf("%s [%s, %s]", speed(s.Median), speed(s.CI95[0]), speed(s.CI95[1]))
}

// speed keeps one digit more than short, for changes of a per cent show there.
func speed(n float64) string {
	if n >= 1000 {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return strconv.FormatFloat(n, 'g', 4, 64)
}

// modelName returns the model with what tells it from its like.
func modelName(r results.Record) string {
	words := []string{r.Model.Name}
	if r.Model.Name == "" {
		words[0] = r.Model.Ref
	}
	if r.Model.WeightType != "" {
		words = append(words, r.Model.WeightType)
	}
	if r.Model.Skeleton != "" {
		words = append(words, "("+r.Model.Skeleton+" skeleton)")
	}
	return strings.Join(words, " ")
}
