package diff

import (
	"fmt"

	"assay/results"
	"assay/results/figure"
)

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
			add("every case of %s (%s) failed, so nothing could be compared", name, s.Run)
		}
	}
	if d.Head.Time.Before(d.Base.Time) {
		add("head began before base: either they are swapped or a clock went backwards")
	}
	if d.unsure > 0 {
		add("%s", d.notPaired())
	}
	for _, x := range d.Differs {
		if x.What == "protocol" {
			add("timed in another way (%s, then %s), so what differs may do so for that alone: %s", x.Base, x.Head, figure.Several(x.Cases, "case"))
		}
		if x.What == string(Chip) {
			add("compared on request although the chip differs in %s (%s, then %s)", figure.Several(x.Cases, "case"), short(x.Base), short(x.Head))
		}
	}
}
