package roofline

import (
	"math"
	"slices"
	"strings"
	"time"

	"assay/predict/machines"
)

// Fit is what observations of one machine and runtime say about it. It holds
// all that a prediction needs, so that it can be stored and used elsewhere.
type Fit struct {
	ID      string    `json:"id"`
	Time    time.Time `json:"time"`
	Machine string    `json:"machine"`
	Runtime string    `json:"runtime"`
	// Chip has the machine's peaks where they are known.
	Chip *machines.Chip `json:"chip,omitempty"`
	// Runs are the runs that the observations came from.
	Runs         []string `json:"runs"`
	Observations int      `json:"observations"`
	// LongestContext is the most tokens that a case had in its cache.
	LongestContext int `json:"longest_context"`
	// LeftOut lists observations that were not used, each with the reason.
	LeftOut []string `json:"left_out,omitempty"`

	Form       Form        `json:"form"`
	Parameters []Parameter `json:"parameters"`
	// Condition of the scaled design: the ratio of its extreme singular values;
	// absent when it is singular.
	Condition *float64 `json:"condition,omitempty"`
	// Rivals are the forms that were tried, each with its held-out error.
	Rivals []Rival `json:"rivals"`
	// Folds are the fits without one model each; prediction intervals are made
	// of their residuals.
	Folds []Fold `json:"folds"`
	// InSample is the relative error on the observations themselves.
	InSample Errors `json:"in_sample"`
}

// Parameter is one fitted cost, in seconds for each unit.
type Parameter struct {
	Name string `json:"name"`
	// Unit is what Seconds is the cost of: "byte", "FLOP", "step", "product",
	// "graph node", or "FLOP and byte" for arithmetic that the distance between cells slows down.
	Unit    string   `json:"unit"`
	Seconds Interval `json:"seconds"`
	// Confounded names the parameters that these observations cannot tell it
	// apart from: only their combined effect is known.
	Confounded []string `json:"confounded,omitempty"`
	// AtBound: the cost came out as 0, its lower bound: either it costs nothing
	// or another parameter took its share.
	AtBound bool `json:"at_bound,omitempty"`
	// Cases is the number of observations that have it.
	Cases int `json:"cases"`
}

// PerSecond is the rate that the cost amounts to, in units a second, and false
// where the cost is 0. Its bounds change places; an upper bound that the data
// do not give is absent as infinity.
func (p Parameter) PerSecond() (Interval, bool) {
	if p.Seconds.Value <= 0 {
		return Interval{}, false
	}
	return p.Seconds.PerSecond(1), true
}

// Rival is a form that competed.
type Rival struct {
	Form  Form    `json:"form"`
	Score float64 `json:"score"`
}

// New fits the observations. It refuses, in a sentence that says what is
// missing, whatever cannot give parameters that mean something: see check.
func New(all []Observation, opt Options) (*Fit, error) {
	obs, leftOut := usable(all, opt)
	if err := check(obs, leftOut); err != nil {
		return nil, err
	}
	fit, err := estimate(obs, leftOut)
	if err != nil {
		return nil, err
	}
	fit.describe(obs)
	return fit, nil
}

// estimate chooses the form and solves for the costs, without saying how sure
// each of them is.
func estimate(obs []Observation, leftOut []string) (*Fit, error) {
	fit := &Fit{
		Time: time.Now().UTC().Truncate(time.Second), Machine: obs[0].Machine, Runtime: obs[0].Runtime,
		Runs: runs(obs), Observations: len(obs), LeftOut: leftOut,
	}
	for _, o := range obs {
		fit.LongestContext = max(fit.LongestContext, o.Depth+int(o.Work.Tokens))
	}
	if err := fit.choose(obs); err != nil {
		return nil, err
	}
	p := newProblem(fit.Form, obs)
	x, err := p.solve(each(len(obs)), nil)
	if err != nil {
		return nil, err
	}
	for j, name := range p.names {
		fit.Parameters = append(fit.Parameters, Parameter{Name: name, Seconds: Interval{Value: x[j]}, AtBound: x[j] == 0})
	}
	return fit, nil
}

// simplerWins is how much better, as a share, a form with more costs must score
// to be preferred: held-out errors of a calibration are no surer than that. Of
// two with as many costs the better one wins.
const simplerWins = 0.03

// choose picks the form by leave-one-model-out error: first how attention is
// modelled, under a plain sum, then how terms overlap, then which
// operations have a fixed cost.
func (fit *Fit) choose(obs []Observation) error {
	best, costs := math.Inf(1), 0
	try := func(f Form) error {
		if slices.ContainsFunc(obs, func(o Observation) bool { return f.lacks(o.Work) != "" }) {
			return nil
		}
		folds, err := leaveModelsOut(f, obs)
		if err != nil {
			return err
		}
		s, n := score(folds), len(newProblem(f, obs).names)
		fit.Rivals = append(fit.Rivals, Rival{f, s})
		if n > costs && s < best*(1-simplerWins) || n <= costs && s < best {
			best, costs, fit.Form, fit.Folds = s, n, f, folds
		}
		return nil
	}
	for _, memory := range cacheMemories {
		// Kernels that skip masked cells are the likelier ones.
		for _, live := range []bool{true, false} {
			if err := try(Form{Sum, Attention{Live: live, Memory: memory}, PerProduct}); err != nil {
				return err
			}
		}
	}
	for _, overlap := range []Overlap{Norm2, Max} {
		if err := try(Form{overlap, fit.Form.Attention, PerProduct}); err != nil {
			return err
		}
	}
	for _, overhead := range []Overhead{PerNode, PerBoth} {
		if err := try(Form{fit.Form.Overlap, fit.Form.Attention, overhead}); err != nil {
			return err
		}
	}
	return nil
}

// describe adds what is known about each parameter.
func (fit *Fit) describe(obs []Observation) {
	p := newProblem(fit.Form, obs)
	x := make([]float64, len(fit.Parameters))
	for j := range x {
		x[j] = fit.Parameters[j].Seconds.Value
	}
	design := p.design(x)
	known := identify(p.names, design)
	if !math.IsInf(known.condition, 1) {
		fit.Condition = &known.condition
	}
	intervals, units := bootstrap(p, x), units(fit.Form, obs)
	for j := range fit.Parameters {
		q := &fit.Parameters[j]
		q.Seconds, q.Confounded, q.Unit = intervals[j], known.with[q.Name], units[q.Name]
		for i := range obs {
			if design.At(i, j) != 0 {
				q.Cases++
			}
		}
	}
	var errs []float64
	for i := range obs {
		errs = append(errs, relative(p.total(i, x), p.seconds[i]))
	}
	fit.InSample = errorsOf(errs)
}

func units(f Form, obs []Observation) map[string]string {
	out := map[string]string{}
	for _, o := range obs {
		for _, p := range f.parts(o.Work) {
			out[p.name] = p.unit()
		}
	}
	return out
}

// unit is what the amount of a part counts.
func (p part) unit() string {
	switch {
	case strings.HasPrefix(p.name, "stride"):
		return "FLOP and byte"
	case p.side == computeSide:
		return "FLOP"
	case p.side == memorySide:
		return "byte"
	}
	return p.name
}

// costs are the parameters by name.
func (fit *Fit) costs() costs {
	c := costs{}
	for _, p := range fit.Parameters {
		c[p.Name] = p.Seconds.Value
	}
	return c
}

func runs(obs []Observation) []string {
	var ids []string
	for _, o := range obs {
		ids = append(ids, o.Run)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
