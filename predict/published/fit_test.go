package published

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"gonum.org/v1/gonum/mat"

	"assay/predict/roofline"
	"assay/predict/table"
)

// sample is a row of the fit: one kind of work and what it took.
type sample struct {
	observation
	work    roofline.Work
	seconds float64
	weight  float64
	// uses are the parameters that its time hangs on.
	uses []int
	// offsets are those that it shares with others of its source and of its
	// architecture and runtime.
	offsets [2]int
}

// problem is the fit of one kind: parameters and offsets, all in logarithms.
type problem struct {
	kind       string
	parameters []parameter
	index      map[string]int
	samples    []sample
	offsets    int
}

const (
	// offsetSpread is how much sources, and architectures within a runtime, are
	// believed to differ.
	offsetSpread = 0.12
	// noise is the scatter of rows within these.
	noise = 0.06
	// rounds of Gauss and Newton are enough from the priors, fewerRounds from a
	// solution of nearly the same rows.
	rounds, fewerRounds = 25, 6
)

// newProblem takes the rows of a kind that nothing doubts.
func newProblem(kind string, list []observation) *problem {
	p := &problem{kind: kind, parameters: table.Must[parameter](parametersCSV), index: map[string]int{}}
	for i, q := range p.parameters {
		p.index[q.Name] = i
	}
	groups, offsets := map[string]int{}, map[string]int{}
	offset := func(name string) int {
		if _, ok := offsets[name]; !ok {
			offsets[name] = len(offsets)
		}
		return offsets[name]
	}
	group := func(o observation) string { return o.project() + o.Model + o.setting.Chip.ID() + o.Runtime }
	for _, o := range list {
		if o.learnt() && o.kind() == kind {
			s := sample{observation: o, work: o.work(o.shape), seconds: o.Figure.seconds()}
			s.offsets = [2]int{offset("source " + o.project()), offset("arch " + o.shape.Arch + o.Runtime)}
			s.uses = p.usesOf(s)
			groups[group(o)]++
			p.samples = append(p.samples, s)
		}
	}
	for i := range p.samples {
		p.samples[i].weight = math.Pow(float64(groups[group(p.samples[i].observation)]), -0.25)
	}
	p.offsets = len(offsets)
	return p
}

// usesOf asks for the time once and notes which parameters were looked up.
func (p *problem) usesOf(s sample) (uses []int) {
	p.time(s, func(name string) float64 {
		j, ok := p.index[name]
		if !ok {
			panic("no parameter " + name)
		}
		uses = append(uses, j)
		return p.parameters[j].Prior
	})
	slices.Sort(uses)
	return slices.Compact(uses)
}

func (p *problem) time(s sample, c costs) float64 {
	if p.kind == roofline.KindDecode {
		return s.setting.decode(s.work, c).total()
	}
	return s.setting.prefill(s.work, c).total()
}

// costs of a vector of logarithms.
func (p *problem) costs(x []float64) costs {
	return func(name string) float64 { return math.Exp(x[p.index[name]]) }
}

func (p *problem) priors() []float64 {
	x := make([]float64, len(p.parameters)+p.offsets)
	for j, q := range p.parameters {
		x[j] = math.Log(q.Prior)
	}
	return x
}

// residual is the logarithm of predicted over measured, offsets left out.
func (p *problem) residual(i int, x []float64) float64 {
	return math.Log(p.time(p.samples[i], p.costs(x)) / p.samples[i].seconds)
}

// solve minimises the squared logarithms, beyond two noises their logarithm,
// with each parameter's prior, over the rows that keep holds.
func (p *problem) solve(keep func(sample) bool, start []float64) []float64 {
	x, n := slices.Clone(start), rounds
	if !slices.Equal(start, p.priors()) {
		n = fewerRounds
	}
	for range n {
		step := p.step(keep, x)
		var largest float64
		for j := range x {
			d := max(-0.3, min(0.3, step[j]))
			x[j] += d
			largest = max(largest, math.Abs(d))
		}
		if largest < 1e-3 {
			break
		}
	}
	return x
}

// step is one of Gauss and Newton.
func (p *problem) step(keep func(sample) bool, x []float64) []float64 {
	const h = 1e-4
	dim, np := len(x), len(p.parameters)
	a, b := mat.NewSymDense(dim, nil), make([]float64, dim)
	for j := range dim {
		prior, spread := 0.0, offsetSpread
		if j < np {
			prior, spread = math.Log(p.parameters[j].Prior), p.parameters[j].Spread
		}
		a.SetSym(j, j, 1/(spread*spread))
		b[j] = (prior - x[j]) / (spread * spread)
	}
	for i, s := range p.samples {
		if !keep(s) {
			continue
		}
		at := append(slices.Clone(s.uses), np+s.offsets[0], np+s.offsets[1])
		r := p.residual(i, x)
		grad := make([]float64, len(at))
		for k, j := range s.uses {
			old := x[j]
			x[j] = old + h
			grad[k] = (p.residual(i, x) - r) / h
			x[j] = old
		}
		grad[len(at)-2], grad[len(at)-1] = 1, 1
		r += x[np+s.offsets[0]] + x[np+s.offsets[1]]
		w := s.weight / (noise * noise)
		if u := math.Abs(r) / noise; u > 2 {
			w *= 4 / (u * u)
		}
		for k, j := range at {
			b[j] -= w * grad[k] * r
			for l := k; l < len(at); l++ {
				a.SetSym(j, at[l], a.At(j, at[l])+w*grad[k]*grad[l])
			}
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(a) {
		panic("the fit's normal equations are not positive definite")
	}
	var d mat.VecDense
	if err := chol.SolveVecTo(&d, mat.NewVecDense(dim, b)); err != nil {
		panic(err)
	}
	return d.RawVector().Data
}

// fold is a set of rows that is predicted from the others.
type fold struct {
	scheme, name string
	key          func(sample) string
	rows         []int
	// errors are logarithms of predicted over measured, near how near the rows
	// that were left are.
	errors []float64
	near   []int
}

// schemes are the ways to leave rows out together: by model, chip and source.
var schemes = []struct {
	name string
	key  func(sample) string
}{
	{"model", func(s sample) string { return s.shape.Arch }},
	{"chip", func(s sample) string { return s.setting.Chip.Name }},
	{"source", func(s sample) string { return s.project() }},
}

// holdOut predicts every row from the rows that do not share its key.
func (p *problem) holdOut(start []float64) []fold {
	var folds []fold
	for _, scheme := range schemes {
		groups := map[string][]int{}
		for i, s := range p.samples {
			groups[scheme.key(s)] = append(groups[scheme.key(s)], i)
		}
		for name, rows := range groups {
			folds = append(folds, fold{scheme: scheme.name, key: scheme.key, name: name, rows: rows})
		}
	}
	slices.SortFunc(folds, func(a, b fold) int { return strings.Compare(a.scheme+a.name, b.scheme+b.name) })
	var wait sync.WaitGroup
	slots := make(chan bool, runtime.NumCPU())
	for i := range folds {
		wait.Go(func() {
			slots <- true
			defer func() { <-slots }()
			f := &folds[i]
			keep := func(s sample) bool { return f.key(s) != f.name }
			x := p.solve(keep, start)
			var left []likeness
			for _, s := range p.samples {
				if keep(s) {
					left = append(left, like(s.setting, s.work))
				}
			}
			for _, r := range f.rows {
				s := p.samples[r]
				f.errors = append(f.errors, p.residual(r, x))
				f.near = append(f.near, near(like(s.setting, s.work), left))
			}
		})
	}
	wait.Wait()
	return folds
}
