package output

import "math"

// steps is into how many parts powers of two are cut.
const steps = 256

// powers are 2^(i/steps).
var powers = func() (p [steps]float64) {
	for i := range p {
		p[i] = math.Exp2(float64(i) / steps)
	}
	return p
}()

// lowest is below what adds to a sum of which one term is 1: with a million of
// others as small it is less than a double's last bit.
const lowest = -52

// exp is e^x for x that are not positive, within 1e-13 of it: a power of two from
// the table times a polynomial of what is left, which is at most ln 2 / 512. A case
// reads tens of rows of up to 262,144 logits, in which [math.Exp] was most of the time.
func exp(x float64) float64 {
	if x < lowest {
		return 0
	}
	n := int(x*(steps/math.Ln2) - 0.5)
	r := x - float64(n)*(math.Ln2/steps)
	whole := math.Float64frombits(uint64(n>>8+1023) << 52)
	return whole * powers[n&(steps-1)] * (1 + r*(1+r*(1./2+r*(1./6+r*(1./24)))))
}
