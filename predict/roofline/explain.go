package roofline

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Explanation is a case that the fit misses, with the one cost that would
// explain it; nil where no single cost does.
type Explanation struct {
	HeldOut
	Cause *Cause `json:"cause,omitempty"`
}

// Cause is a cost that is another for a model than for the others.
type Cause struct {
	Parameter string `json:"parameter"`
	// Factor is what the cost has to be multiplied by, the same for all cases of
	// the model.
	Factor float64 `json:"factor"`
	// Case and Model are the shares of what is missed that this removes: of the
	// case's own error, and of the model's squared errors.
	Case  float64 `json:"case"`
	Model float64 `json:"model"`
}

// What a cause must remove to be named: half of the case's own error, and of
// the model's twice what chance does (1/n of n cases, of which a calibration has
// about ten a model). A cost that a case does not have removes nothing of it.
const (
	leastOfCase  = 0.5
	leastOfModel = 0.2
	// mostFactor is beyond what makes one kernel or shape slower than another: a
	// cost that would have to grow more is next to nothing for the other models.
	mostFactor = 10
)

// noticed is how far off a case must be to be worth an explanation: clocks do
// not agree better.
const noticed = 0.01

// Explain lists the n cases furthest off when their model was left out.
func (fit *Fit) Explain(obs []Observation, n int) []Explanation {
	obs, _ = usable(obs, Options{Unfit: true})
	list := []Explanation{}
	for _, f := range fit.Folds {
		own := slices.DeleteFunc(slices.Clone(obs), func(o Observation) bool {
			return o.Model != f.Model || len(unseen(fit.Form, o.Work, f.Costs)) > 0
		})
		why := newSuspects(fit.Form, own, f.Costs)
		for _, h := range f.Residuals {
			if math.Abs(h.log()) >= noticed {
				list = append(list, Explanation{h, why.cause(h)})
			}
		}
	}
	slices.SortFunc(list, func(a, b Explanation) int {
		return cmp.Compare(math.Abs(b.log()), math.Abs(a.log()))
	})
	return list[:min(n, len(list))]
}

// suspects are the costs of one model, each with the factor that removes most
// of the model's squared relative errors: a regression of the errors on that
// cost's share of the time.
type suspects struct {
	obs    []Observation
	missed []float64
	shares map[string][]float64
	causes []Cause
}

func newSuspects(f Form, own []Observation, c costs) suspects {
	s := suspects{obs: own}
	s.shares, s.missed = timeShares(f, own, c)
	total := dot(s.missed, s.missed)
	for _, name := range slices.Sorted(maps.Keys(s.shares)) {
		x := s.shares[name]
		xx, xr := dot(x, x), dot(x, s.missed)
		if xx == 0 || total == 0 {
			continue
		}
		b := max(xr/xx, -1) // a cost cannot fall below nothing
		s.causes = append(s.causes, Cause{Parameter: name, Factor: 1 + b, Model: (2*b*xr - b*b*xx) / total})
	}
	slices.SortStableFunc(s.causes, func(a, b Cause) int { return cmp.Compare(b.Model, a.Model) })
	return s
}

// cause is the cost that explains most of the model among those that explain
// the case itself.
func (s suspects) cause(h HeldOut) *Cause {
	i := slices.IndexFunc(s.obs, func(o Observation) bool { return o.Case == h.Case && o.Seconds == h.Measured })
	if i < 0 || s.missed[i] == 0 {
		return nil
	}
	for _, c := range s.causes {
		left := s.missed[i] - (c.Factor-1)*s.shares[c.Parameter][i]
		c.Case = 1 - math.Abs(left/s.missed[i])
		if c.Model >= leastOfModel && c.Case >= leastOfCase && c.Factor <= mostFactor {
			return &c
		}
	}
	return nil
}

func dot(a, b []float64) float64 {
	var sum float64
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
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
	if e.Cause == nil {
		return s + "; no single cost explains it"
	}
	return fmt.Sprintf("%s; %.2g times the cost of %q would explain %.0f %% of it, and %.0f %% of what the model is missed by: %s",
		s, e.Cause.Factor, e.Cause.Parameter, 100*e.Cause.Case, 100*e.Cause.Model, meaning(e.Cause.Parameter, e.Cause.Factor))
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
	case parameter == "step" || kind == "node" || kind == "product":
		return pick("more operations or synchronisations than counted", "fewer operations than counted, or fused ones")
	case strings.HasPrefix(parameter, "attend"):
		return pick("attention is slower at this depth or head size", "attention is faster at this depth or head size, or skips masked cells")
	case strings.HasPrefix(parameter, "read cache"), strings.HasPrefix(parameter, "stride"):
		return pick("the cache is read more often than counted, or from further away",
			"the cache, or part of it, stays in the processor's caches")
	case strings.HasPrefix(parameter, "multiply"):
		return pick("a slower matrix product for "+kind+" at these shapes", "a faster matrix product for "+kind+" at these shapes")
	case strings.HasPrefix(parameter, "read"):
		return pick("more bytes than counted, or a slower kernel for "+kind,
			"weights that stay in the processor's cache, or a faster kernel for "+kind)
	}
	return pick("more bytes moved between operations than counted", "fewer bytes moved between operations than counted")
}
