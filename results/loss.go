package results

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"

	"assay/results/logit"
)

// Loss is what a case loses by the types of its weights and its cache.
type Loss struct {
	logit.Divergence
	// Against is the most precise computation at hand.
	Against Key `json:"against"`
}

// Losses sets what came out of each case beside that of the most precise one of the
// same model, runtime and tokens: the one with the most bytes of weights, and with
// the widest cache. It is nil for that one, and where there is none to compare with.
// A skeleton's weights of one type are not those of another, rounded: there, caches
// alone are compared.
func Losses(records []Record) []*Loss {
	out := make([]*Loss, len(records))
	for i, r := range records {
		best := r
		for _, other := range records {
			if sameModel(r, other) && precision(other, best) > 0 {
				best = other
			}
		}
		if precision(best, r) == 0 {
			continue
		}
		if d := logit.Diverge(best.Measured.Output, r.Measured.Output); d != nil {
			out[i] = &Loss{Divergence: *d, Against: best.Key()}
		}
	}
	return out
}

// sameModel reports whether two cases differ in nothing that changes what comes out
// but types, and have outputs of the same tokens.
func sameModel(a, b Record) bool {
	if a.Runtime.Name != b.Runtime.Name || a.Model.Called() != b.Model.Called() || a.Model.Skeleton != b.Model.Skeleton ||
		a.Model.Skeleton != "" && a.Model.WeightType != b.Model.WeightType || a.Measured == nil || b.Measured == nil {
		return false
	}
	return a.Case.NDepth == b.Case.NDepth && a.Case.MaxKVSize == b.Case.MaxKVSize && a.Measured.Output.Comparable(b.Measured.Output)
}

// precision compares the precision of two cases of one model.
func precision(a, b Record) int {
	var weights [2]int64
	for i, r := range []Record{a, b} {
		if r.Model.WeightBytes != nil {
			weights[i] = *r.Model.WeightBytes
		}
	}
	return cmp.Or(cmp.Compare(weights[0], weights[1]), cmp.Compare(cacheBits(a.Case), cacheBits(b.Case)))
}

var digits = regexp.MustCompile(`[0-9]+`)

// cacheBits is how wide the narrower of keys and values is, as its type's name says;
// a cache that is not packed has 16.
func cacheBits(c Case) int {
	bits := []int{cmp.Or(c.KVBits, 16)}
	for _, typ := range []string{c.TypeK, c.TypeV} {
		if n, err := strconv.Atoi(digits.FindString(typ)); err == nil {
			bits = append(bits, n)
		}
	}
	if c.TypeK != "" {
		bits = bits[1:]
	}
	return slices.Min(bits)
}
