package diff

import (
	"fmt"

	"assay/results"
)

// manyMoved is a scatter beyond which the cases that did not change are no
// longer most of them, or the machine was not the same.
const manyMoved = 2

// warn says what is wrong with the comparison as a whole.
func (d *Diff) warn(base, head results.Run) {
	d.Warnings = []string{}
	add := func(format string, args ...any) { d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...)) }
	for _, r := range []results.Run{base, head} {
		for _, w := range r.Warnings {
			add("%s", w)
		}
	}
	if d.Base.Run == d.Head.Run && d.Base.Run != "" {
		add("base and head are the same run, %s", d.Base.Run)
	}
	for i, s := range []Side{d.Base, d.Head} {
		name := [2]string{"base", "head"}[i]
		switch {
		case s.Cases == 0:
			add("%s holds no case", name)
		case s.Failed == s.Cases:
			add("all %d cases of %s (%s) failed, so nothing could be compared", s.Cases, name, s.Run)
		}
	}
	if len(d.Cases) == 0 && d.Base.Cases > 0 && d.Head.Cases > 0 {
		add("the runs have no case in common")
	}
	if d.Head.Time.Before(d.Base.Time) {
		add("head began before base: either they are swapped or a clock went backwards")
	}
	if d.Common != nil && d.Common.Scatter > manyMoved {
		add("the cases scatter %.1f times more than their rounds explain: many moved, or the machine was not the same; "+
			"a change must be as much larger to be called real", d.Common.Scatter)
	}
	for _, x := range d.Differs {
		if x.Aspect != "" {
			add("compared on request although %s differs in %d cases (%s, then %s)", x.What, x.Cases, short(x.Base), short(x.Head))
		}
	}
}
