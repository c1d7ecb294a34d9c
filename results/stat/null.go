package stat

import (
	"math"
	"slices"
	"sync"
)

// A comparison's null is what its unchanged cases do, read with changed cases
// among them: shifts are (1 - π) Student's t_ν(μ, τ √v) + π uniform (two groups:
// Efron, JASA 2004, and Statistical Science 2008; t errors: Lange, Little and
// Taylor, JASA 1989). What keeps it honest where half of the cases changed, or
// all, are the priors: μ within what whole sessions move by, τ near 1.

// reach is the half width of the uniform distribution of changed cases, as a
// logarithm: from a fifth to five times the time.
const reach = 1.6

// shiftDF and shiftReach shape the common shift's prior: Student's t, cut at so
// many of its scales.
const (
	shiftDF    = 6
	shiftReach = 5
)

// tails are the degrees of freedom that are tried.
var tails = [...]float64{2.5, 4, 8, 30, 200}

// steepness raises q = 1 + z²/ν to -(ν+1)/2, Student's density over that at 0; the
// last is as good as normal.
var steepness = [len(tails)]func(q float64) float64{
	func(q float64) float64 { r := math.Sqrt(q); return 1 / (q * r * math.Sqrt(r)) },
	func(q float64) float64 { return 1 / (q * q * math.Sqrt(q)) },
	func(q float64) float64 { q2 := q * q; return 1 / (q2 * q2 * math.Sqrt(q)) },
	func(q float64) float64 {
		q2 := q * q
		q4 := q2 * q2
		q8 := q4 * q4
		return 1 / (q8 * q4 * q2 * q * math.Sqrt(q))
	},
	func(q float64) float64 { return math.Exp(-100.5 * math.Log(q)) },
}

// changed are the shares of changed cases that are tried, with their weights.
var changed = [...]struct{ share, weight float64 }{{0.02, 0.55}, {0.1, 0.25}, {0.3, 0.13}, {0.6, 0.07}}

// prior is what is known of a null before the shifts are seen.
type prior struct {
	// shift is the scale of the common shift.
	shift float64
	// tau is the likeliest scale by tail, spread the deviation of its logarithm,
	// most the largest factor above tau.
	tau    [len(tails)]float64
	spread float64
	most   float64
	// tail are the tails' weights. Settled ones are not asked of the shifts again.
	tail    [len(tails)]float64
	settled bool
}

// state is one possible null, with its probability.
type state struct {
	tail         int
	tau          float64
	mu, variance float64 // of the common shift
	weight       float64
}

func (s state) df() float64 { return tails[s.tail] }

// population is the cases of one runtime and kind.
type population struct {
	label Label
	cases []int // their places in the comparison
	d, v  []float64
	// total is how far each case moved by itself, nil where that is d.
	total []float64
	// step is how far each case moved since its last night, where that is to be
	// asked; NaN, or nil for all, where it is not.
	step  []float64
	prior prior
	// kin is the correlation of the shifts of one model's cases.
	kin float64
	// drift is how much the machine drifted within the runs.
	drift float64
	// strict multiplies chances: what was seen of this population is less, or
	// more, to be trusted than the rule assumes.
	strict float64
	// whole says that v holds the common shift, too: too few cases to tell it apart.
	whole  bool
	nights int

	states []state
	// shift and scale are the null's mean, and its mean scale and tail.
	shift, scale, df float64
}

// steps is how many scales are tried.
const steps = 13

// fit weighs the possible nulls of populations, which share their tails.
func fit(all []*population) {
	total := [len(tails)]float64{}
	shared := false
	for _, p := range all {
		p.enumerate()
		if !p.prior.settled {
			shared = true
			for k, e := range p.evidence() {
				total[k] += e
			}
		}
	}
	for _, p := range all {
		weights := p.prior.tail
		if shared && !p.prior.settled {
			for k := range weights {
				weights[k] = math.Log(weights[k]) + total[k]
			}
			most := slices.Max(weights[:])
			for k := range weights {
				weights[k] = math.Exp(weights[k] - most)
			}
		}
		p.weigh(weights)
	}
}

// enumerate lists the possible nulls with the logarithm of their probability
// given their tail. The common shift is sought from three starts, and from where
// those led under the scale before.
func (p *population) enumerate() {
	p.states = make([]state, 0, len(tails)*steps*len(changed))
	e := newMixture(p)
	from := [...]float64{0, Median(p.d), halfSampleMode(p.d)}
	for k := range tails {
		for _, c := range changed {
			starts := from[:]
			for i := range steps {
				z := 2.5 * (2*float64(i)/(steps-1) - 1)
				tau := p.prior.tau[k] * math.Exp(p.prior.spread*z)
				if tau > p.prior.most*p.prior.tau[k] {
					break
				}
				e.scale(k, tau)
				var s state
				s, starts = e.best(c.share, starts)
				s.weight += math.Log(c.weight) - z*z/2
				p.states = append(p.states, s)
			}
		}
	}
}

// evidence is the logarithm of the probability of the shifts by tail.
func (p *population) evidence() [len(tails)]float64 {
	var out [len(tails)]float64
	for k := range out {
		most, sum := math.Inf(-1), 0.0
		for _, s := range p.states {
			if s.tail == k {
				most = max(most, s.weight)
			}
		}
		for _, s := range p.states {
			if s.tail == k {
				sum += math.Exp(s.weight - most)
			}
		}
		out[k] = most + math.Log(sum)
	}
	return out
}

// negligible is the probability below which a null is left out.
const negligible = 1e-5

func (p *population) weigh(tail [len(tails)]float64) {
	evidence := p.evidence()
	sum := 0.0
	for _, w := range tail {
		sum += w
	}
	kept := p.states[:0]
	total := 0.0
	for _, s := range p.states {
		if s.weight = math.Exp(s.weight-evidence[s.tail]) * tail[s.tail] / sum; s.weight > negligible {
			kept = append(kept, s)
			total += s.weight
		}
	}
	p.states, p.shift, p.scale = kept, 0, 0
	inverse := 0.0
	for i := range p.states {
		s := &p.states[i]
		s.weight /= total
		p.shift += s.weight * s.mu
		p.scale += s.weight * s.tau
		inverse += s.weight / s.df()
	}
	p.df = 1 / inverse
}

// mixture evaluates one population's shifts under one scale and tail.
type mixture struct {
	*population
	tail      int
	df, tau   float64
	height    []float64 // the density of an unchanged shift of 0, by case
	precision []float64 // 1 / (τ² v)
}

func newMixture(p *population) *mixture {
	return &mixture{population: p, height: make([]float64, len(p.d)), precision: make([]float64, len(p.d))}
}

func (m *mixture) scale(tail int, tau float64) {
	m.tail, m.df, m.tau = tail, tails[tail], tau
	height := math.Exp(logT(m.df))
	for i, v := range m.v {
		m.precision[i] = 1 / (tau * tau * v)
		m.height[i] = height * math.Sqrt(m.precision[i])
	}
}

// best is the null with the likeliest common shift, its variance (Laplace's), and
// as its weight the logarithm of the shifts' probability with it integrated out;
// and where the starts led.
func (m *mixture) best(share float64, starts []float64) (best state, led []float64) {
	best = state{tail: m.tail, tau: m.tau, weight: math.Inf(-1)}
	for _, at := range starts {
		mu, information := m.climb(share, at)
		if slices.ContainsFunc(led, func(x float64) bool { return math.Abs(x-mu) < 1e-4 }) {
			continue
		}
		led = append(led, mu)
		if l := m.likelihood(share, mu) + 0.5*math.Log(2*math.Pi/information); l > best.weight {
			best.mu, best.variance, best.weight = mu, 1/information, l
		}
	}
	return best, led
}

// climb reweights from a start: each shift counts by how likely it is unchanged
// and by its place in t's tail, and the prior as one shift more.
func (m *mixture) climb(share, mu float64) (at, information float64) {
	const times = 6
	s := m.prior.shift
	bound := shiftReach * s
	outside := share / (2 * reach)
	steep := steepness[m.tail]
	for range times {
		u := (shiftDF + 1) / (shiftDF + mu*mu/(s*s)) / (s * s)
		information, at = u, 0
		for i, d := range m.d {
			x := d - mu
			q := 1 + x*x*m.precision[i]/m.df
			inside := (1 - share) * m.height[i] * steep(q)
			w := inside / (inside + outside) * (m.df + 1) / (m.df * q) * m.precision[i]
			information += w
			at += w * d
		}
		at = max(-bound, min(bound, at/information))
		if math.Abs(at-mu) < 1e-5 {
			break
		}
		mu = at
	}
	return at, information
}

// likelihood is the logarithm of the shifts' and the common shift's density.
func (m *mixture) likelihood(share, mu float64) float64 {
	s := m.prior.shift
	ll := logT(shiftDF) - math.Log(s) - (shiftDF+1)/2.0*math.Log1p(mu*mu/(s*s)/shiftDF)
	outside := share / (2 * reach)
	steep := steepness[m.tail]
	for i, d := range m.d {
		x := d - mu
		ll += math.Log((1-share)*m.height[i]*steep(1+x*x*m.precision[i]/m.df) + outside)
	}
	return ll
}

// chance is that of a shift from the null's center of at least x, two-sided, for
// a case whose variance is v, averaged over the possible nulls.
func (p *population) chance(d, v float64) float64 {
	sum := 0.0
	for _, s := range p.states {
		sum += s.weight * tailChance(s.tail, (d-s.mu)/math.Sqrt(s.tau*s.tau*v+s.variance))
	}
	return min(1, sum)
}

// width is the square of a case's standard error.
func (p *population) width(v float64) float64 {
	sum := 0.0
	for _, s := range p.states {
		sum += s.weight * (s.tau*s.tau*v + s.variance)
	}
	return sum
}

// fine is how many entries a table of chances has for each unit of asinh z, in
// which it is nearly straight.
const fine = 40

// chances are the logarithms of twoSided of each tail: a comparison asks for tens
// of thousands of them.
var chances = sync.OnceValue(func() (table [len(tails)][]float64) {
	for k, df := range tails {
		for i := range 25 * fine {
			table[k] = append(table[k], math.Log(max(math.SmallestNonzeroFloat64, twoSided(math.Sinh(float64(i)/fine), df))))
		}
	}
	return table
})

// tailChance is twoSided of a tail, to three digits.
func tailChance(tail int, z float64) float64 {
	table := chances()[tail]
	at := math.Asinh(math.Abs(z)) * fine
	i := min(int(at), len(table)-2)
	at = min(at-float64(i), 1)
	return math.Exp(table[i] + at*(table[i+1]-table[i]))
}

// halfSampleMode is a mode that half of the values elsewhere cannot move: the
// densest half, again and again (Robertson and Cryer, JASA 1974).
func halfSampleMode(xs []float64) float64 {
	s := slices.Sorted(slices.Values(xs))
	for len(s) > 2 {
		half := (len(s) + 1) / 2
		at := 0
		for i := range len(s) - half + 1 {
			if s[i+half-1]-s[i] < s[at+half-1]-s[at] {
				at = i
			}
		}
		if half == len(s) {
			break
		}
		s = s[at : at+half]
	}
	return mean(s)
}
