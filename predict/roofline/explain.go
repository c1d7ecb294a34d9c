package roofline

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Explanation is a case that the fit misses, with the one cost that, were it
// another for this model, would explain most of the model's residuals.
type Explanation struct {
	HeldOut
	// Parameter is that cost, Factor what it would have to be multiplied by,
	// Explains the share of the model's squared residuals that this removes.
	Parameter string  `json:"parameter,omitempty"`
	Factor    float64 `json:"factor,omitempty"`
	Explains  float64 `json:"explains,omitempty"`
}

// Explain lists the n cases furthest off when their model was left out.
func (fit *Fit) Explain(obs []Observation, n int) []Explanation {
	obs, _ = usable(obs, Options{Unfit: true})
	var list []Explanation
	for _, f := range fit.Folds {
		own := slices.DeleteFunc(slices.Clone(obs), func(o Observation) bool { return o.Model != f.Model })
		parameter, factor, explains := suspect(fit.Form, own, f.Costs)
		for _, h := range f.Residuals {
			list = append(list, Explanation{h, parameter, factor, explains})
		}
	}
	slices.SortFunc(list, func(a, b Explanation) int {
		return cmp.Compare(math.Abs(b.log()), math.Abs(a.log()))
	})
	return list[:min(n, len(list))]
}

// suspect finds the parameter whose change alone, the same for all cases of a
// model, removes most of their squared relative residuals: a regression of the
// residuals on that parameter's share of the time.
func suspect(f Form, own []Observation, c costs) (name string, factor, explains float64) {
	shares, residual := timeShares(f, own, c)
	var total float64
	for _, r := range residual {
		total += r * r
	}
	for n, x := range shares {
		var xx, xr float64
		for i, v := range x {
			xx, xr = xx+v*v, xr+v*residual[i]
		}
		if xx == 0 || total == 0 {
			continue
		}
		// A cost cannot fall below nothing.
		b := max(xr/xx, -1)
		gain := (2*b*xr - b*b*xx) / total
		if gain > explains || gain == explains && n < name {
			name, factor, explains = n, 1+b, gain
		}
	}
	return name, factor, explains
}

// timeShares are, for each parameter, its time over the measured time of every
// observation, and what is left of each: 1 - predicted/measured.
func timeShares(f Form, own []Observation, c costs) (map[string][]float64, []float64) {
	shares, residual := map[string][]float64{}, make([]float64, len(own))
	for i, o := range own {
		p, x := f.at(o.Work, c)
		residual[i] = 1 - p.total(0, x)/o.Seconds
		for k, share := range overlapShares(f, p.rows[0], x) {
			q := p.rows[0][k]
			name := p.names[q.column]
			if shares[name] == nil {
				shares[name] = make([]float64, len(own))
			}
			shares[name][i] += share * q.amount * x[q.column] / o.Seconds
		}
	}
	return shares, residual
}

// String says where to look.
func (e Explanation) String() string {
	off := e.Measured/e.Predicted - 1
	direction := "slower"
	if off < 0 {
		direction = "faster"
	}
	s := fmt.Sprintf("%s is %.0f %% %s than predicted without its model", e.Case, 100*math.Abs(off), direction)
	if e.Parameter == "" || e.Explains < 0.3 {
		return s + "; no single cost explains it"
	}
	return fmt.Sprintf("%s; %.2g times the cost of %q explains %.0f %% of what is left: %s",
		s, e.Factor, e.Parameter, 100*e.Explains, meaning(e.Parameter, e.Factor))
}

// meaning says what a changed cost points to.
func meaning(parameter string, factor float64) string {
	more := factor > 1
	kind := parameter[strings.LastIndex(parameter, " ")+1:]
	pick := func(slow, fast string) string {
		if more {
			return slow
		}
		return fast
	}
	switch {
	case parameter == "node" || parameter == "step":
		return pick("more nodes or synchronisations than counted", "fewer nodes than counted, or fused ones")
	case strings.HasPrefix(parameter, "attend"), strings.HasPrefix(parameter, "read cache"):
		return pick("attention is slower at this depth or head size", "attention is faster at this depth or head size, or skips masked cells")
	case strings.HasPrefix(parameter, "multiply"):
		return pick("a slower matrix product for "+kind+" at these shapes", "a faster matrix product for "+kind+" at these shapes")
	case strings.HasPrefix(parameter, "read"):
		return pick("more bytes than counted, or a slower kernel for "+kind, "weights that stay in the processor's cache, or a faster kernel for "+kind)
	}
	return pick("more bytes moved between operations than counted", "fewer bytes moved between operations than counted")
}
