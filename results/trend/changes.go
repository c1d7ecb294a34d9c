package trend

import (
	"math"

	"assay/results"
	"assay/results/stat"
)

// timeChanges gives the changes of a timed case their nights.
func (c Case) timeChanges(nights []Night, found []stat.Change) []Change {
	var out []Change
	for _, f := range found {
		last, first := c.around(f.At)
		change := newChange(nights, last, first, f)
		before, after := math.Exp(f.Before), math.Exp(f.After)
		change.Before, change.After = &before, &after
		out = append(out, change)
	}
	return out
}

// around are the timed points on both sides of where a change begins.
func (c Case) around(night int) (last, first Point) {
	for _, p := range c.Points {
		switch {
		case p.NS == nil:
		case p.Night < night:
			last = p
		default:
			return last, p
		}
	}
	return last, last
}

func newChange(nights []Night, last, first Point, f stat.Change) Change {
	lo, hi := f.CI()
	return Change{
		Figure: "time", Last: nights[last.Night], First: nights[first.Night],
		Change:  results.Interval{Value: f.Relative(), Lo: lo, Hi: hi},
		P:       &f.P,
		Between: between(last.env, first.env),
	}
}

// commonChanges gives the changes that all cases share their nights; what else
// changed is what changed in any of the cases.
func (t Trend) commonChanges(found []stat.Change) []Change {
	out := []Change{}
	for _, f := range found {
		var change Change
		seen := map[Difference]bool{}
		var all []Difference
		for i, c := range t.Cases {
			last, first := c.around(f.At)
			for _, d := range between(last.env, first.env) {
				if !seen[d] {
					seen[d] = true
					all = append(all, d)
				}
			}
			if i == 0 || first.Night == f.At {
				change = newChange(t.Nights, last, first, f)
			}
		}
		change.Between = append([]Difference{}, all...)
		out = append(out, change)
	}
	return out
}

// exactChanges are those of figures without noise: any of them.
func (c Case) exactChanges(nights []Night) []Change {
	out := []Change{}
	for _, figure := range []struct {
		name string
		of   func(Point) *int64
	}{
		{"kv_bytes", func(p Point) *int64 { return p.KVBytes }},
		{"flops", func(p Point) *int64 { return p.FLOPs }},
	} {
		var last *Point
		for i := range c.Points {
			p := &c.Points[i]
			is := figure.of(*p)
			if is == nil {
				continue
			}
			if last != nil && *figure.of(*last) != *is {
				out = append(out, exactChange(figure.name, nights, *last, *p, *figure.of(*last), *is))
			}
			last = p
		}
	}
	return out
}

func exactChange(figure string, nights []Night, last, first Point, was, is int64) Change {
	before, after := float64(was), float64(is)
	c := Change{
		Figure: figure, Last: nights[last.Night], First: nights[first.Night],
		Before: &before, After: &after, Between: between(last.env, first.env),
	}
	if was != 0 {
		relative := float64(is)/float64(was) - 1
		c.Change = results.Interval{Value: relative, Lo: relative, Hi: relative}
	}
	return c
}

// between lists what changed from one environment to the next; a value that
// one of them does not know is no change.
func between(before, after *results.Environment) []Difference {
	out := []Difference{}
	if before == nil || after == nil || before == after {
		return out
	}
	for _, c := range after.Since(*before) {
		out = append(out, Difference{c.What, c.Before, c.After})
	}
	return out
}
