package roofline

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/mat"
)

// Candidate is a case that a calibration could measure.
type Candidate struct {
	Model string
	Kind  string
	Work  Work
	// Repeat is how many samples would be taken, Fixed what starting and loading
	// take besides.
	Repeat int
	Fixed  time.Duration
}

// Nominal is a rough idea of a machine, good enough to choose cases by: which
// part of each case's time goes where. The other costs follow from these three
// in the proportions below.
type Nominal struct {
	Bandwidth float64 // bytes a second
	Compute   float64 // FLOPs a second, of products of many tokens
	Product   float64 // seconds of a matrix product, whatever its size
}

// costs turns the idea into costs for every parameter of the works.
func (n Nominal) costs(p problem) []float64 {
	x := make([]float64, len(p.names))
	for _, row := range p.rows {
		for _, c := range row {
			x[c.column] = n.cost(p.names[c.column], c.side)
		}
	}
	return x
}

// How the costs compare on the CPU backend of llama.cpp v0.5.0, as the
// calibrations in testdata say (TestNominalProportionsAreMeasured): an operation
// of attention takes as long as oneQuerySlower or manyQueriesSlower of products,
// one query's twice that where rows are strideBytes apart, and a step as long as
// stepProducts products.
const (
	oneQuerySlower    = 10
	manyQueriesSlower = 4
	strideBytes       = 800
	stepProducts      = 50
)

func (n Nominal) cost(name string, s side) float64 {
	switch {
	case name == "step":
		return stepProducts * n.Product
	case s == overheadSide:
		return n.Product
	case name == "attend, one query":
		return oneQuerySlower / n.Compute
	case name == "attend, many queries":
		return manyQueriesSlower / n.Compute
	case strings.HasPrefix(name, "stride"):
		return oneQuerySlower / (n.Compute * strideBytes)
	case s == memorySide:
		return 1 / n.Bandwidth
	}
	return 1 / n.Compute
}

// Calibration is a choice among candidates.
type Calibration struct {
	// Chosen are indices of the candidates, in the order in which they were chosen.
	Chosen []int
	// Expected is how long measuring them takes by the nominal costs.
	Expected time.Duration
	// Error is the root mean square, over the candidates, of the relative
	// standard error with which each will be predicted when its own model is
	// left out, if cases scatter by caseScatter.
	Error float64
}

const (
	// caseScatter is how far measurements are taken to lie from the model, as a
	// standard deviation: that of the two calibrations in testdata, whose median
	// relative errors are 2.8 and 4.3 %, times madScale.
	caseScatter = 0.06
	// enough is the standard error of a prediction, as far as it comes from the
	// parameters, below which more cases are not worth their time: half the
	// scatter widens a prediction by an eighth, √(1 + ¼).
	enough = caseScatter / 2
	// vague is the standard deviation of each parameter before any case, relative
	// to its nominal cost and in units of caseScatter.
	vague = 1 / caseScatter
)

// designForm is a sum with strides: cases that separate its parameters separate
// those of the simpler forms.
var designForm = Form{Sum, Attention{Live: true, Memory: CacheStrides}, PerProduct}

// Calibrate chooses the smallest set of cases from which a fit is well
// conditioned, within a budget of time, by greedy sequential V-optimal design
// (Fedorov, Theory of Optimal Experiments, Academic Press 1972; Pukelsheim,
// Optimal Design of Experiments, SIAM 2006, chapter 9).
//
// In units of the nominal costs a case's row a is the share of its time that
// each parameter takes, and the information M of a set is the sum of aᵀa over
// its rows. As the fit is judged by leaving models out, what is minimised is the
// mean over all candidates of aM⁻¹aᵀ, the variance of predicting the candidate, with M
// from the other models' cases alone. Each step takes the case that lowers it
// most for its time, until the parameters add little to the error of a
// prediction, or the budget is spent.
func Calibrate(candidates []Candidate, n Nominal, budget time.Duration) (Calibration, error) {
	d, err := newDesigner(candidates, n)
	if err != nil {
		return Calibration{}, err
	}
	var out Calibration
	for {
		i := d.best(budget - out.Expected)
		if i < 0 {
			break
		}
		d.take(i)
		out.Chosen = append(out.Chosen, i)
		out.Expected += d.duration[i]
		if out.Error = d.error(); out.Error < enough {
			break
		}
	}
	if len(out.Chosen) == 0 {
		return Calibration{}, fmt.Errorf("no case fits into %v", budget)
	}
	return out, nil
}

// designer holds the inverse information of each fold.
type designer struct {
	names    []string
	rows     []*mat.VecDense
	duration []time.Duration
	fold     []int // of each candidate's model
	inverse  []*mat.Dense
	taken    []bool
}

func newDesigner(candidates []Candidate, n Nominal) (*designer, error) {
	obs := make([]Observation, len(candidates))
	for i, c := range candidates {
		if err := c.Work.Check(); err != nil {
			return nil, err
		}
		obs[i] = Observation{Model: c.Model, Kind: c.Kind, Work: c.Work, Seconds: 1}
	}
	p, names := newProblem(designForm, obs), models(obs)
	if len(names) < minModels {
		return nil, fmt.Errorf("%d models are too few to choose from; a fit needs %d", len(names), minModels)
	}
	d := &designer{names: p.names, taken: make([]bool, len(candidates))}
	x := n.costs(p)
	for i, c := range candidates {
		row, total := mat.NewVecDense(len(p.names), nil), p.total(i, x)
		for _, q := range p.rows[i] {
			row.SetVec(q.column, row.AtVec(q.column)+q.amount*x[q.column]/total)
		}
		d.rows = append(d.rows, row)
		// A sample, its warm-up and filling the cache to the depth take alike.
		d.duration = append(d.duration, c.Fixed+time.Duration(float64(c.Repeat+1)*total*float64(time.Second)))
		d.fold = append(d.fold, slices.Index(names, c.Model))
	}
	for range names {
		start := mat.NewDense(len(p.names), len(p.names), nil)
		for j := range p.names {
			start.Set(j, j, vague*vague)
		}
		d.inverse = append(d.inverse, start)
	}
	return d, nil
}

// best is the candidate that adds most information for its time, or -1.
func (d *designer) best(left time.Duration) int {
	best, at := 0.0, -1
	for i := range d.rows {
		if d.taken[i] || d.duration[i] > left {
			continue
		}
		if g := d.gain(i) / d.duration[i].Seconds(); g > best {
			best, at = g, i
		}
	}
	return at
}

// gain is how much the candidate lowers the variances of predicting the others
// (Sherman and Morrison 1950): those of a model's candidates by what all other
// models' cases say.
func (d *designer) gain(i int) float64 {
	var sum float64
	for f, inverse := range d.inverse {
		if f == d.fold[i] {
			continue
		}
		var u mat.VecDense
		u.MulVec(inverse, d.rows[i])
		var lower float64
		for k, row := range d.rows {
			if d.fold[k] == f {
				v := mat.Dot(row, &u)
				lower += v * v
			}
		}
		sum += lower / (1 + mat.Dot(d.rows[i], &u))
	}
	return sum
}

// take adds the candidate's information.
func (d *designer) take(i int) {
	d.taken[i] = true
	for f, inverse := range d.inverse {
		if f == d.fold[i] {
			continue
		}
		var u mat.VecDense
		u.MulVec(inverse, d.rows[i])
		inverse.RankOne(inverse, -1/(1+mat.Dot(d.rows[i], &u)), &u, &u)
	}
}

// error is the root mean square of the candidates' standard errors.
func (d *designer) error() float64 {
	var sum float64
	for i, row := range d.rows {
		sum += mat.Inner(row, d.inverse[d.fold[i]], row)
	}
	return caseScatter * math.Sqrt(sum/float64(len(d.rows)))
}
