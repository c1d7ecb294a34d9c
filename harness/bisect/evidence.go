package bisect

import (
	"fmt"
	"strings"

	"assay/results/diff"
	"assay/results/figure"
	"assay/results/logit"
)

// moved is a figure that is another one, in words.
type moved struct {
	diff.Exact
	text   string
	chance *float64
	// beyond is how many times further an output moved than rounding explains.
	beyond *float64
}

// beyond is nil where rounding explains nothing: any move is certain then.
func beyond(g *logit.Agreement) *float64 {
	if g.Allowed <= 0 {
		return nil
	}
	return new(g.Off / g.Allowed)
}

// evidence lists the figures, the outputs and the times that moved. The layout of
// structs is how a library is called, no figure of what it does.
func evidence(d diff.Diff) (exact, outputs, times []moved) {
	for _, c := range d.Cases {
		if g := c.Output; g != nil {
			outputs = append(outputs, moved{text: c.Test + ": " + g.String(), beyond: beyond(g)})
		}
		for _, e := range c.Exact {
			if e.Figure != "layout" {
				what := strings.TrimSpace(e.Figure + " " + e.Where)
				exact = append(exact, moved{Exact: e, text: fmt.Sprintf("%s %s: %s, was %s", c.Test, what, orNone(e.Head), orNone(e.Base))})
			}
		}
		t := c.Time
		if t == nil || t.Change == nil || t.Verdict != diff.Slower && t.Verdict != diff.Faster {
			continue
		}
		times = append(times, moved{chance: t.PFamily,
			text: fmt.Sprintf("%s is %s: %s tokens/s (%s)", c.Test, t.Verdict,
				figure.Change(t.Change.Value), figure.Between(t.Change.Lo, t.Change.Hi))})
	}
	return exact, outputs, times
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
