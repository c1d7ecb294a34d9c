package roofline

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// A cost that no observation has is taken from its nearest of kin: the same use
// (reading or multiplying) of the type whose kernel unpacks most alike. How far
// that may lie off is what the known types of the use say about each other.

// kinds of packing, by what a type's name looks like; types of one kind unpack alike.
const (
	floats = iota // f16, bf16, f32
	blocks        // q4_0, q8_0, iq4_nl, mxfp4, and MLX's groups
	supers        // q4_K, iq4_xs: blocks within blocks of 256
)

func packing(typ string) int {
	switch {
	case strings.HasSuffix(typ, "_K"), strings.HasPrefix(typ, "iq") && !strings.HasSuffix(typ, "_nl"), strings.HasPrefix(typ, "tq"):
		return supers
	case strings.HasPrefix(typ, "f"), strings.HasPrefix(typ, "bf"):
		return floats
	}
	return blocks
}

// width is the first number in a type's name: its bits, near enough.
func width(typ string) float64 {
	w := 0.0
	for _, c := range typ {
		if c >= '0' && c <= '9' {
			w = 10*w + float64(c-'0')
		} else if w > 0 {
			break
		}
	}
	return w
}

// otherPacking is how many bits of width another packing counts for.
const otherPacking = 3

// unlike is how little two types are alike.
func unlike(a, b string) float64 {
	d := math.Abs(width(a) - width(b))
	if packing(a) != packing(b) {
		d += otherPacking
	}
	return d
}

// use is the part of a parameter's name before the type, and the type: "read
// experts" and "q4_K". Parameters of no type have an empty one.
func use(name string) (of, typ string) {
	of = family(name)
	if of == name && !strings.HasPrefix(name, "read cache ") && !strings.HasPrefix(name, "stride over cache ") {
		return name, ""
	}
	at := strings.LastIndex(name, " ")
	return name[:at], name[at+1:]
}

// unknownSpread is the standard deviation of the logarithm of a cost over its
// kin's where a fit knows too few types to tell, and otherUse that of taking a
// dense product for an expert's.
const (
	unknownSpread = 0.3
	otherUse      = 0.4
)

// standIn is a cost in place of one that is not known.
type standIn struct {
	name, kin string
	seconds   float64
	// spread is the standard deviation of its logarithm.
	spread float64
}

// standIns gives each missing parameter the cost of its kin; left are those
// that have none.
func (c costs) standIns(missing []string) (found []standIn, left []string) {
	for _, name := range missing {
		of, typ := use(name)
		spread := c.spread(of)
		kin := c.nearest(of, typ, name)
		if dense := strings.TrimSuffix(of, " experts"); kin == "" && dense != of {
			kin, spread = c.nearest(dense, typ, name), math.Hypot(c.spread(dense), otherUse)
		}
		if kin == "" {
			left = append(left, name)
			continue
		}
		found = append(found, standIn{name, kin, c[kin], spread})
	}
	return found, left
}

// nearest is the known parameter of the use whose type is most like typ, other
// than itself; "" where there is none.
func (c costs) nearest(of, typ, itself string) string {
	best, at := math.Inf(1), ""
	for _, name := range slices.Sorted(maps.Keys(c)) {
		o, t := use(name)
		if o != of || t == "" || name == itself || c[name] <= 0 {
			continue
		}
		if d := unlike(t, typ); d < best {
			best, at = d, name
		}
	}
	return at
}

// spread is how far the costs of a use lie from their nearest kin's.
func (c costs) spread(of string) float64 {
	var sum float64
	n := 0
	for name, v := range c {
		o, t := use(name)
		if o != of || t == "" || v <= 0 {
			continue
		}
		if kin := c.nearest(of, t, name); kin != "" {
			r := math.Log(v / c[kin])
			sum, n = sum+r*r, n+1
		}
	}
	// Two types are one difference seen from both sides.
	if n < 3 {
		return max(unknownSpread, math.Sqrt(sum/float64(max(n, 1))))
	}
	return math.Sqrt(sum / float64(n-1))
}

// with are the costs and the stand-ins.
func (c costs) with(list []standIn) costs {
	if len(list) == 0 {
		return c
	}
	out := maps.Clone(c)
	for _, s := range list {
		out[s.name] = s.seconds
	}
	return out
}

// widening is the factor by which stand-ins widen an interval of 95 %: each
// counts by its share of the time.
func widening(list []standIn, shares []Share) float64 {
	var variance float64
	for _, s := range list {
		for _, share := range shares {
			if share.Name == s.name {
				variance += share.Share * share.Share * s.spread * s.spread
			}
		}
	}
	const normal95 = 1.96
	return math.Exp(normal95 * math.Sqrt(variance))
}
