package roofline

import (
	"maps"
	"math"
	"slices"

	"assay/predict/nnls"

	"gonum.org/v1/gonum/mat"
)

// costs are the parameters by name: the seconds that one unit takes.
type costs map[string]float64

// seconds is what the form makes of a sample at these costs.
func (f Form) seconds(w Work, c costs) float64 {
	p, x := f.at(w, c)
	return p.total(0, x)
}

// at is a problem of one work, with the costs in its order.
func (f Form) at(w Work, c costs) (problem, []float64) {
	p := newProblem(f, []Observation{{Work: w}})
	x := make([]float64, len(p.names))
	for j, n := range p.names {
		x[j] = c[n]
	}
	return p, x
}

// problem is a set of observations as one form sees them, taken apart once.
type problem struct {
	form    Form
	names   []string // of the parameters, sorted
	rows    [][]cell // by observation
	seconds []float64
}

// cell is a part with its parameter's index for its name.
type cell struct {
	column int
	amount float64
	side   side
	block  int
}

func newProblem(f Form, obs []Observation) problem {
	p := problem{form: f, rows: make([][]cell, len(obs)), seconds: make([]float64, len(obs))}
	lists, index := make([][]part, len(obs)), map[string]int{}
	for i, o := range obs {
		lists[i], p.seconds[i] = f.parts(o.Work), o.Seconds
		for _, q := range lists[i] {
			index[q.name] = 0
		}
	}
	p.names = slices.Sorted(maps.Keys(index))
	for j, n := range p.names {
		index[n] = j
	}
	for i, list := range lists {
		p.rows[i] = make([]cell, len(list))
		for k, q := range list {
			p.rows[i][k] = cell{index[q.name], q.amount, q.side, q.block}
		}
	}
	return p
}

// design is the linear problem around x, nil for no overlap at all: rows are
// observations divided by their measured seconds, so that the errors minimised
// are relative and the right-hand side is 1; columns are parameters.
func (p problem) design(x []float64) *mat.Dense {
	m := mat.NewDense(len(p.rows), len(p.names), nil)
	for i, row := range p.rows {
		shares := overlapShares(p.form, row, x)
		for k, c := range row {
			m.Set(i, c.column, m.At(i, c.column)+c.amount*shares[k]/p.seconds[i])
		}
	}
	return m
}

// total is the time of a row at the costs x.
func (p problem) total(i int, x []float64) float64 {
	var sum float64
	for k, share := range overlapShares(p.form, p.rows[i], x) {
		c := p.rows[i][k]
		sum += share * c.amount * x[c.column]
	}
	return sum
}

// overlapShares are the derivatives of a row's total with respect to the time
// of each of its cells. The total is homogeneous of degree one, so it is the
// sum of shares times times.
func overlapShares(f Form, row []cell, x []float64) []float64 {
	shares := make([]float64, len(row))
	var blocks [][2]float64
	for k, c := range row {
		shares[k] = 1
		for c.block >= len(blocks) {
			blocks = append(blocks, [2]float64{})
		}
		if c.block != unblocked && x != nil {
			blocks[c.block][c.side-computeSide] += c.amount * x[c.column]
		}
	}
	for k, c := range row {
		if c.block != unblocked && x != nil {
			cw, mw := f.weights(blocks[c.block][0], blocks[c.block][1])
			shares[k] = [2]float64{cw, mw}[c.side-computeSide]
		}
	}
	return shares
}

// covered are the columns that some row of positive weight has.
func (p problem) covered(weight []float64) []bool {
	seen := make([]bool, len(p.names))
	for i, row := range p.rows {
		for _, c := range row {
			seen[c.column] = seen[c.column] || weight[i] > 0 && c.amount > 0
		}
	}
	return seen
}

// costs are the covered parameters by name.
func (p problem) costs(x []float64, covered []bool) costs {
	c := costs{}
	for j, n := range p.names {
		if covered[j] {
			c[n] = x[j]
		}
	}
	return c
}

const (
	// huberK is 95 % efficient at the normal distribution (Huber, Robust
	// Statistics, Wiley 1981, chapter 4.5).
	huberK = 1.345
	// madScale makes the median absolute deviation estimate a normal σ.
	madScale = 1.4826
	// leastScatter keeps the robust scale from collapsing when most residuals
	// are nearly 0: no clock reproduces a time better than that.
	leastScatter = 0.005
	// firstScatter is assumed before there are residuals.
	firstScatter = 0.1
	iterations   = 40
	settled      = 1e-4
)

// solve finds the costs that fit the observations: non-negative least squares
// on relative error, reweighted until Huber's loss and the linearisation of the
// overlap have settled. weight counts an observation so many times: 0 leaves it
// out, and a parameter that only such observations have comes out as 0. start
// is a solution of nearly the same observations, or nil.
func (p problem) solve(weight, start []float64) ([]float64, error) {
	x, w, scatter := start, weight, firstScatter
	if start != nil {
		w, scatter = p.huber(start, weight)
	}
	for range iterations {
		next, err := solveLinear(p.design(x), w, kinship(p.names, x, scatter))
		if err != nil {
			return nil, err
		}
		moved := distance(x, next)
		x = damp(p.form, x, next)
		w, scatter = p.huber(x, weight)
		if moved < settled {
			break
		}
	}
	return x, nil
}

// damp goes half the way where terms overlap: the maximum would otherwise jump
// between its two sides for ever.
func damp(f Form, old, next []float64) []float64 {
	if old == nil || f.Overlap == Sum {
		return next
	}
	out := make([]float64, len(next))
	for j := range next {
		out[j] = (old[j] + next[j]) / 2
	}
	return out
}

func distance(old, next []float64) float64 {
	if old == nil {
		return math.Inf(1)
	}
	var worst float64
	for j, v := range next {
		if v != old[j] {
			worst = max(worst, math.Abs(v-old[j])/max(v, old[j]))
		}
	}
	return worst
}

// solveLinear is weighted non-negative least squares of the design against 1,
// and of the prior's rows against 0, with columns scaled to one length.
func solveLinear(design *mat.Dense, weight []float64, prior [][]float64) ([]float64, error) {
	rows, cols := design.Dims()
	a, b := mat.NewDense(rows+len(prior), cols, nil), make([]float64, rows+len(prior))
	for i := range rows {
		b[i] = math.Sqrt(weight[i])
		for j := range cols {
			a.Set(i, j, b[i]*design.At(i, j))
		}
	}
	for i, row := range prior {
		a.SetRow(rows+i, row)
	}
	norms := scaleColumns(a)
	x, err := nnls.Solve(a, b)
	if err != nil {
		return nil, err
	}
	for j := range x {
		if norms[j] > 0 {
			x[j] /= norms[j]
		}
	}
	return x, nil
}

// scaleColumns divides each column by its length, which it returns; a column
// of zeros stays.
func scaleColumns(a *mat.Dense) []float64 {
	rows, cols := a.Dims()
	norms := make([]float64, cols)
	for j := range cols {
		norms[j] = mat.Norm(a.ColView(j), 2)
		for i := 0; norms[j] > 0 && i < rows; i++ {
			a.Set(i, j, a.At(i, j)/norms[j])
		}
	}
	return norms
}

// huber multiplies weight by 1 for residuals within huberK robust deviations
// and by what falls off as 1/|residual| beyond. The deviation is returned too.
func (p problem) huber(x, weight []float64) (w []float64, scatter float64) {
	w = make([]float64, len(weight))
	var residuals []float64
	for i := range p.rows {
		w[i] = relative(p.total(i, x), p.seconds[i])
		if weight[i] > 0 {
			residuals = append(residuals, w[i])
		}
	}
	scatter = max(madScale*median(residuals), leastScatter)
	for i := range w {
		w[i] = weight[i] * min(1, huberK*scatter/max(w[i], scatter))
	}
	return w, scatter
}

// each weighs n observations alike.
func each(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 1
	}
	return w
}
