package show

import (
	"fmt"
	"io"
	"strings"

	"assay/harness/bisect"
)

// BisectStep prints a step as soon as it is known.
func BisectStep(w io.Writer, s bisect.Step) { fmt.Fprintf(w, "%s: %s\n", s.Release, said(s)) }

func said(s bisect.Step) string {
	switch {
	case s.Failed != "":
		return "cannot be measured: " + s.Failed
	case s.Moved:
		return "moved"
	}
	return "as the good one"
}

// Bisect prints where a figure moved, and what was seen on the way.
func Bisect(w io.Writer, r bisect.Result) {
	fmt.Fprintf(w, "%s: moved in %s; %s is as the good release\n", r.Figure, r.First, r.Last)
	if len(r.Unknown) > 0 {
		fmt.Fprintf(w, "perhaps already in %s, which could not be measured\n", strings.Join(r.Unknown, " or "))
	}
	for _, s := range r.Steps {
		fmt.Fprintf(w, "\n%s: %s", s.Release, said(s))
		if s.Chance != nil {
			fmt.Fprintf(w, "; by chance in %.2g of 1", *s.Chance)
		}
		if s.Beyond != nil {
			fmt.Fprintf(w, "; %.3g times as far as rounding explains, at least", *s.Beyond)
		}
		fmt.Fprintln(w)
		for i, e := range s.Evidence {
			if i == maxEvidence {
				fmt.Fprintf(w, "  and %d more\n", len(s.Evidence)-i)
				break
			}
			fmt.Fprintf(w, "  %s\n", e)
		}
	}
}

// maxEvidence is how many sentences a step shows; --json has all.
const maxEvidence = 6
