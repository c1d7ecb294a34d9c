package roofline

import (
	"math"
	"slices"
	"time"
)

// Fit is what observations of one machine and runtime say about it. It holds
// all that a prediction needs, so that it can be stored and used elsewhere.
type Fit struct {
	ID      string    `json:"id"`
	Time    time.Time `json:"time"`
	Machine string    `json:"machine"`
	Runtime string    `json:"runtime"`
	// Runs are the runs that the observations came from.
	Runs         []string `json:"runs"`
	Observations int      `json:"observations"`
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
	Folds []fold `json:"folds"`
	// InSample is the relative error on the observations themselves.
	InSample Errors `json:"in_sample"`
}

// Parameter is one fitted cost, in seconds for each unit.
type Parameter struct {
	Name string `json:"name"`
	// Unit is what Seconds is the cost of: "byte", "FLOP", "node" or "step".
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

// Options change what New accepts.
type Options struct {
	// Unfit takes in observations of a machine that was not fit to be measured.
	Unfit bool
}

// New fits the observations. It refuses, in a sentence that says what is
// missing, whatever cannot give parameters that mean something: see check.
func New(all []Observation, opt Options) (*Fit, error) {
	obs, leftOut := usable(all, opt)
	if err := check(obs, leftOut); err != nil {
		return nil, err
	}
	fit := &Fit{
		Time: time.Now().UTC().Truncate(time.Second), Machine: obs[0].Machine, Runtime: obs[0].Runtime,
		Runs: runs(obs), Observations: len(obs), LeftOut: leftOut,
	}
	if err := fit.choose(obs); err != nil {
		return nil, err
	}
	c, err := solve(fit.Form, obs, nil)
	if err != nil {
		return nil, err
	}
	fit.describe(obs, c)
	return fit, nil
}

// simplerWins is how much better, as a share, a form must score to be preferred
// to one before it.
const simplerWins = 0.03

// choose picks the form by leave-one-model-out error.
func (fit *Fit) choose(obs []Observation) error {
	best := math.Inf(1)
	for _, f := range forms {
		folds, err := leaveModelsOut(f, obs)
		if err != nil {
			return err
		}
		s := score(folds)
		fit.Rivals = append(fit.Rivals, Rival{f, s})
		if s < best*(1-simplerWins) {
			best, fit.Form, fit.Folds = s, f, folds
		}
	}
	return nil
}

// describe fills in the parameters with what is known about each.
func (fit *Fit) describe(obs []Observation, c costs) {
	d := designAt(fit.Form, obs, c)
	known := identify(d)
	if !math.IsInf(known.condition, 1) {
		fit.Condition = &known.condition
	}
	intervals := bootstrap(fit.Form, obs, c)
	for j, name := range d.names {
		p := Parameter{Name: name, Seconds: intervals[name], Confounded: known.with[name], AtBound: c[name] == 0}
		for i, o := range obs {
			for _, part := range fit.Form.parts(o.Work) {
				if part.name == name {
					p.Unit = part.unit()
				}
			}
			if d.matrix.At(i, j) != 0 {
				p.Cases++
			}
		}
		fit.Parameters = append(fit.Parameters, p)
	}
	var errs []float64
	for _, o := range obs {
		errs = append(errs, relative(fit.Form.seconds(o.Work, c), o.Seconds))
	}
	fit.InSample = errorsOf(errs)
}

// unit is what the amount of a part counts.
func (p part) unit() string {
	switch {
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
