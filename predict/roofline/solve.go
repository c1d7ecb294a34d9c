package roofline

import (
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// costs are the parameters by name: the seconds that one unit takes.
type costs map[string]float64

// seconds is what the form makes of a sample at these costs.
func (f Form) seconds(w Work, c costs) float64 {
	total, blocks := 0.0, map[int][2]float64{}
	for _, p := range f.parts(w) {
		t := p.amount * c[p.name]
		if p.block == unblocked {
			total += t
			continue
		}
		b := blocks[p.block]
		b[p.side-computeSide] += t
		blocks[p.block] = b
	}
	for _, b := range blocks {
		total += f.combine(b[0], b[1])
	}
	return total
}

// design is the linear problem at one point: rows are observations divided by
// their measured seconds, so that the errors minimised are relative and the
// right-hand side is 1; columns are parameters.
type design struct {
	names  []string
	matrix *mat.Dense
}

// designAt linearises the form around c; nil stands for no overlap at all.
func designAt(f Form, obs []Observation, c costs) design {
	names := parameterNames(f, obs)
	index := map[string]int{}
	for i, n := range names {
		index[n] = i
	}
	m := mat.NewDense(len(obs), len(names), nil)
	for i, o := range obs {
		parts := f.parts(o.Work)
		share := overlapShares(f, parts, c)
		for k, p := range parts {
			j := index[p.name]
			m.Set(i, j, m.At(i, j)+p.amount*share[k]/o.Seconds)
		}
	}
	return design{names, m}
}

func parameterNames(f Form, obs []Observation) []string {
	seen := map[string]bool{}
	for _, o := range obs {
		for _, p := range f.parts(o.Work) {
			seen[p.name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// overlapShares is the derivative of the total with respect to each part's time.
func overlapShares(f Form, parts []part, c costs) []float64 {
	share := make([]float64, len(parts))
	blocks := map[int][2]float64{}
	for _, p := range parts {
		if p.block != unblocked {
			b := blocks[p.block]
			b[p.side-computeSide] += p.amount * c[p.name]
			blocks[p.block] = b
		}
	}
	for k, p := range parts {
		share[k] = 1
		if p.block != unblocked && c != nil {
			cw, mw := f.weights(blocks[p.block][0], blocks[p.block][1])
			share[k] = [2]float64{cw, mw}[p.side-computeSide]
		}
	}
	return share
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
	iterations   = 40
	settled      = 1e-6
)

// solve finds the costs that fit the observations: non-negative least squares
// on relative error, reweighted until Huber's loss and the linearisation of the
// overlap have settled. weight repeats an observation (bootstrap); nil is 1 each.
func solve(f Form, obs []Observation, weight []float64) (costs, error) {
	robust := make([]float64, len(obs))
	for i := range robust {
		robust[i] = 1
	}
	var c costs
	for range iterations {
		next, err := solveLinear(designAt(f, obs, c), robust, weight)
		if err != nil {
			return nil, err
		}
		moved := distance(c, next)
		c = halfway(f, c, next)
		robust = huberWeights(f, obs, c)
		if moved < settled {
			break
		}
	}
	return c, nil
}

// halfway damps the iteration where terms overlap: the maximum would otherwise
// jump between its two sides for ever.
func halfway(f Form, old, next costs) costs {
	if old == nil || f.Overlap == 1 {
		return next
	}
	out := costs{}
	for n := range next {
		out[n] = (old[n] + next[n]) / 2
	}
	return out
}

func distance(old, next costs) float64 {
	if old == nil {
		return math.Inf(1)
	}
	var worst float64
	for n, v := range next {
		if v != old[n] {
			worst = max(worst, math.Abs(v-old[n])/max(v, old[n]))
		}
	}
	return worst
}

// solveLinear is weighted non-negative least squares against 1, with columns
// scaled to one length.
func solveLinear(d design, robust, weight []float64) (costs, error) {
	rows, cols := d.matrix.Dims()
	a, b := mat.NewDense(rows, cols, nil), make([]float64, rows)
	for i := range rows {
		w := math.Sqrt(robust[i])
		if weight != nil {
			w *= math.Sqrt(weight[i])
		}
		b[i] = w
		for j := range cols {
			a.Set(i, j, w*d.matrix.At(i, j))
		}
	}
	norms := scaleColumns(a)
	x, err := nnls(a, b)
	if err != nil {
		return nil, err
	}
	c := costs{}
	for j, n := range d.names {
		c[n] = 0
		if norms[j] > 0 {
			c[n] = x[j] / norms[j]
		}
	}
	return c, nil
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

// huberWeights are 1 for residuals within huberK robust deviations and fall
// off as 1/|residual| beyond.
func huberWeights(f Form, obs []Observation, c costs) []float64 {
	r := make([]float64, len(obs))
	for i, o := range obs {
		r[i] = relative(f.seconds(o.Work, c), o.Seconds)
	}
	limit := huberK * max(madScale*median(slices.Clone(r)), leastScatter)
	for i := range r {
		r[i] = min(1, limit/max(r[i], limit/2))
	}
	return r
}
