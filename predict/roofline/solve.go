package roofline

import (
	"maps"
	"math"
	"slices"
	"strings"

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
	w := make([]float64, len(obs))
	for i := range w {
		w[i] = 1
	}
	var c costs
	scatter := 0.1
	for range iterations {
		for i := range w {
			if weight != nil {
				w[i] *= weight[i]
			}
		}
		next, err := solveLinear(designAt(f, obs, c), w, kinship(c, parameterNames(f, obs), scatter))
		if err != nil {
			return nil, err
		}
		moved := distance(c, next)
		c = halfway(f, c, next)
		w, scatter = huberWeights(f, obs, c)
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

// solveLinear is weighted non-negative least squares of the design against 1,
// and of the prior's rows against 0, with columns scaled to one length.
func solveLinear(d design, weight []float64, prior [][]float64) (costs, error) {
	rows, cols := d.matrix.Dims()
	a, b := mat.NewDense(rows+len(prior), cols, nil), make([]float64, rows+len(prior))
	for i := range rows {
		b[i] = math.Sqrt(weight[i])
		for j := range cols {
			a.Set(i, j, b[i]*d.matrix.At(i, j))
		}
	}
	for i, row := range prior {
		a.SetRow(rows+i, row)
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
// off as 1/|residual| beyond. The deviation is returned too.
func huberWeights(f Form, obs []Observation, c costs) (weights []float64, scatter float64) {
	r := make([]float64, len(obs))
	for i, o := range obs {
		r[i] = relative(f.seconds(o.Work, c), o.Seconds)
	}
	scatter = max(madScale*median(slices.Clone(r)), leastScatter)
	for i := range r {
		r[i] = min(1, huberK*scatter/max(r[i], scatter))
	}
	return r, scatter
}

// kinSpread is how much the costs of one family are taken to differ, as a
// standard deviation relative to their mean.
const kinSpread = 0.5

// kinship is a weak prior: costs of one family (reading q4_0 and reading q8_0)
// lie around a common mean with a spread of kinSpread, each such row weighing
// as one observation of the present scatter would. Where the cases determine a
// cost it changes nothing that shows; where only a combination is determined it
// splits that evenly instead of giving all to one and none to the other (ridge
// towards the group mean: Hoerl and Kennard, Technometrics 12(1), 1970).
func kinship(c costs, names []string, scatter float64) [][]float64 {
	families := map[string][]int{}
	for j, n := range names {
		families[family(n)] = append(families[family(n)], j)
	}
	var rows [][]float64
	for _, name := range slices.Sorted(maps.Keys(families)) {
		members := families[name]
		var mean float64
		for _, j := range members {
			mean += c[names[j]] / float64(len(members))
		}
		if len(members) < 2 || mean == 0 {
			continue
		}
		for _, j := range members {
			row := make([]float64, len(names))
			for _, k := range members {
				row[k] = -scatter / kinSpread / mean / float64(len(members))
			}
			row[j] += scatter / kinSpread / mean
			rows = append(rows, row)
		}
	}
	return rows
}

// family is the part of a parameter's name before the weight type.
func family(name string) string {
	at := strings.LastIndex(name, " ")
	if at < 0 || !strings.HasPrefix(name, "read ") && !strings.HasPrefix(name, "multiply ") {
		return name
	}
	return name[:at]
}
